/** All downloads of one loaded model: the first one, and those of engines that open the model again. */
import type { WeightsCache } from '../api/cache.js';
import type { Target } from '../api/candidate.js';
import type { LoadProgress } from '../api/options.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import { lazily } from '../base/lazily.js';
import { graphOf } from '../engines/own-graph.js';
import { type Asset, assetsOf } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';
import { downloadModel, type ModelDownload } from './download-model.js';

/** Bytes of all downloads of a model that have ended, together. */
export interface TransferBytes {
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
}

export class ModelDownloads {
  readonly transfers = { bytesDownloaded: 0, bytesFromCache: 0 };
  readonly #manifest: Manifest;
  readonly #options: ResolvedOptions;
  readonly #caching: Promise<WeightsCache | null>;
  readonly #note: (code: string, message: string) => void;

  constructor(
    manifest: Manifest,
    options: ResolvedOptions,
    caching: Promise<WeightsCache | null>,
    note: (code: string, message: string) => void,
  ) {
    this.#manifest = manifest;
    this.#options = options;
    this.#caching = caching;
    this.#note = note;
  }

  /**
   * Starts a download. Each engine needs one of its own, since it consumes the bytes; later ones find them in the cache.
   * @param target whose engine will open the model
   * @param onProgress called after each asset
   */
  start({ engine }: Target, signal: AbortSignal, onProgress: (progress: LoadProgress) => void = () => undefined): ModelDownload {
    const { network, fetch, assetUrl, cacheBudgetBytes: budgetBytes } = this.#options;
    const isCacheOnly = network === 'cache-only';
    const graphs = [graphOf(engine, this.#manifest) ?? []].flat();
    const download = downloadModel(this.#manifest, graphs, {
      caching: this.#caching,
      fetch: isCacheOnly ? () => this.#refuse(graphs) : fetch,
      cacheOnly: isCacheOnly,
      signal,
      note: this.#note,
      assetUrl,
      onProgress,
      budgetBytes,
    });
    void download.whole.then(this.#count, () => undefined);
    return download;
  }

  readonly #count = ({ bytesDownloaded, bytesFromCache }: TransferBytes): void => {
    this.transfers.bytesDownloaded += bytesDownloaded;
    this.transfers.bytesFromCache += bytesFromCache;
  };

  async #refuse(graphs: readonly Asset[]): Promise<never> {
    const { refuseNetwork } = await lazily(() => import('./refuse-network.js'));
    return refuseNetwork(this.#manifest, assetsOf(this.#manifest, graphs), this.#caching);
  }
}
