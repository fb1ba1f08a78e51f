/// <reference lib="esnext.disposable" preserve="true" />
/** The list of exports. Importing this runs nothing. */

export type { CachedModel, CacheStatus, ClearedCache, WeightsCache } from './api/cache.js';
export type { Candidate } from './api/candidate.js';
export type { Fallback, FallbackOutputs, FallbackRequest, FallbackValues } from './api/fallback.js';
export type {
  BackendChange,
  CacheOutcome,
  ExpectedScores,
  FramePrediction,
  ImageMappings,
  LoadTiming,
  Model,
  ModelEvents,
  ModelInfo,
  PredictEachOptions,
  Prediction,
  PredictOptions,
  Priority,
  Stats,
  VideoSource,
} from './api/model.js';
export type { ClearCacheOptions, LoadOptions, LoadProgress, Network, NonFinite, PrefetchOptions, ThreadName } from './api/options.js';
export type { BackendName, EngineName, ServingBackend } from './base/backend-name.js';
export type { DType, GivenArray, OwnedArray } from './base/dtype.js';
export type { ErrorCode, ErrorDetail } from './base/errors.js';
export { PannierError } from './base/errors.js';
export type { Note } from './base/notes.js';
export type { Timing } from './base/timing.js';
export { loadModel } from './load.js';
export type { Asset } from './manifest/assets.js';
export type { ImageSpec, Manifest, ModelSource } from './manifest/manifest.js';
export type {
  AnyInputs,
  AnyOutputs,
  BoxLayout,
  Cell,
  Crop,
  DetectorTensor,
  Dim,
  ImageCrop,
  ImageInput,
  ImageSource,
  LabelledTensor,
  Pixels,
  PoseTensor,
  Row,
  Shaped,
  Signature,
  Tensor,
  TensorSpec,
  ValueKind,
} from './manifest/signature.js';
export { cacheStatus, clearCache, isOfflineReady, prefetchModel, requestPersistence, resetBackends } from './offline.js';
export type { ImageMapping } from './preprocess/mapping.js';
export { trustedScriptUrl } from './worker/policy.js';
