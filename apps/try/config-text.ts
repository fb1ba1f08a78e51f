/** The `pannier.config.mjs` that packs what the page shows. */
import { quote } from '../../src/pack/javascript.js';
import { packRequest } from './pack-request.js';
import { sourceOf } from './source-text.js';
import type { State } from './state.js';

/** A whole file; its paths are relative to where `pannier try` runs. */
export function configText({ about, ...state }: Pick<State, 'about' | 'name' | 'inputs' | 'outputs'>): string {
  const { name = '', ...options } = packRequest(state);
  const models = { [name]: { model: about.model, out: `src/${packedPath(name)}`, ...options } };
  return `import { defineConfig } from ${quote('pannier/pack')};

export default defineConfig({
  models: ${sourceOf(models, '  ', 'models: '.length)},
});
`;
}

/** The packed folder, relative to `src`; characters of the name that no folder should have are replaced. */
export const packedPath = (name: string): string => `models/${name.replace(/[^\w.-]+/g, '-').replace(/^\.+/, '') || 'model'}`;
