/** The engines' own files of a packed model, of which a browser opens one build. */
import type { EngineName } from '../base/backend-name.js';
import { type Asset, assetsOf, type Targets } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';
import { hasRelaxedSimd } from './compiled/features.js';

/** In the order in which engines supersede each other. */
const OWN_GRAPHS: Readonly<Record<EngineName, (targets: Targets) => Asset | undefined>> = {
  compiled: ({ compiled }) => compiled?.[hasRelaxedSimd() ? 'relaxed' : 'simd'],
  tfjs: ({ tfjs }) => tfjs.graph,
};

/** The file that an engine opens in this browser; undefined if the model has none for it. */
export const graphOf = (engine: EngineName, { targets }: Pick<Manifest, 'targets'>): Asset | undefined => OWN_GRAPHS[engine](targets);

/** The files that the engines of a model may open in this browser. */
export const graphsOf = ({ targets }: Pick<Manifest, 'targets'>): readonly Asset[] =>
  Object.values(OWN_GRAPHS).flatMap((own) => own(targets) ?? []);

/** The files that a visitor downloads who loads a model without options, in a browser like this one. */
export const visitorAssets = (manifest: Manifest): readonly Asset[] => assetsOf(manifest, graphsOf(manifest).slice(0, 1));
