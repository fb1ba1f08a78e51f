/** What a load needs by the time its bytes are there: one file, downloaded beside them, so that an app's first chunk stays small. */
export { checkDetails } from './manifest-details.js';
export { LoadedModel } from './model.js';
export { Agreement } from './serving/agreement.js';
export { slowerReason } from './serving/slower.js';
