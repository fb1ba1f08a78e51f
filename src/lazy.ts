/** What a load needs by the time its bytes are there: one file, downloaded beside them, so that an app's first chunk stays small. */
export { openFirst } from './choosing/open.js';
export { Trial } from './choosing/trial.js';
export { checkDetails } from './manifest-details.js';
export { LoadedModel } from './model.js';
export { prefetchModel, refuseNetwork } from './prefetch.js';
export { OpenedModel } from './serving/opened.js';
export { resetQuarantine } from './serving/quarantine.js';
export { CacheWriter } from './weights/cache-writer.js';
export { holdModel } from './weights/held.js';
export { resume } from './weights/resume.js';
export { cacheStatus, clearCache, isOfflineReady, requestPersistence } from './weights/status.js';
export { waitForShard } from './weights/waiting.js';
export { WorkerEngine } from './worker/engine.js';
