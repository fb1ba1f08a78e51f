/// <reference lib="esnext.disposable" preserve="true" />
/** Signs that a model no longer fits the world it looks at: `pannier/drift`. */
export { ageOf, type ModelAge } from './age.js';
export { type DriftStats, type DriftWatch, watchDrift } from './watch-drift.js';
