/** What a load needs by the time its bytes are there: one file, downloaded beside them, so that an app's first chunk stays small. */
export { openFirst } from './select/open-model.js';
export { Trial } from './select/autotune.js';
export { checkDetails } from './manifest/details.js';
export { LoadedModel } from './model.js';
export { prefetchModel, refuseNetwork } from './download/prefetch.js';
export { OpenedModel } from './runtime/served-model.js';
export { resetQuarantine } from './select/quarantine.js';
export { CacheWriter } from './storage/cache-writer.js';
export { holdModel } from './storage/held.js';
export { resume } from './download/retry.js';
export { cacheStatus, clearCache, isOfflineReady, requestPersistence } from './storage/status.js';
export { waitForShard } from './download/waiting.js';
export { WorkerEngine } from './worker/worker-engine.js';
