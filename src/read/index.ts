/** `pannier/read`: turns outputs into answers. Pure functions over plain tensors, for any thread. */
export type { BoxColumn } from '../manifest/signature.js';
export type { BoxMask } from './box-masks.js';
export { type Box, type BoxOptions, boxes } from './boxes.js';
export { type Keypoint, type KeypointColumn, type KeypointOptions, type Keypoints, keypoints } from './keypoints.js';
export { type MaskImage, type MaskOptions, maskImage } from './mask.js';
export { type Ranked, type TopKOptions, topK } from './top-k.js';
