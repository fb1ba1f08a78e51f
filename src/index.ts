/// <reference lib="esnext.disposable" preserve="true" />
/** The list of exports. Importing this runs nothing. */

export type { BackendName, EngineName, PlaceName } from './backend-name.js';
export type { DType, GivenArray, OwnedArray } from './dtype.js';
export type { ErrorCode, ErrorDetail } from './errors.js';
export { PannierError } from './errors.js';
export type { Fallback, FallbackOutputs, FallbackRequest, FallbackValues } from './fallback.js';
export type { ImageMapping } from './input/mapping.js';
export { loadModel } from './load.js';
export type { Asset, ImageSpec, Manifest, ModelSource } from './manifest.js';
export { cacheStatus, clearCache, isOfflineReady, prefetchModel, requestPersistence, resetQuarantine } from './offline.js';
export type { ClearCacheOptions, LoadOptions, LoadProgress, Network, NonFinite, PrefetchOptions, ThreadName } from './options.js';
export type {
  BackendChange,
  CacheOutcome,
  DriftStats,
  FramePrediction,
  ImageMappings,
  LoadTiming,
  Model,
  ModelEvents,
  ModelInfo,
  Note,
  PredictEachOptions,
  Prediction,
  PredictOptions,
  Priority,
  Stats,
  VideoSource,
} from './prediction.js';
export type { Candidate } from './selection.js';
export type {
  AnyInputs,
  AnyOutputs,
  Cell,
  Crop,
  Dim,
  ImageCrop,
  ImageInput,
  ImageSource,
  LabelledTensor,
  Pixels,
  Row,
  Shaped,
  Signature,
  Tensor,
  TensorSpec,
  ValueKind,
} from './signature.js';
export type { Timing } from './timing.js';
export type { CachedModel, CacheStatus, ClearedCache, WeightsCache } from './weights/cache.js';
export { trustedScriptUrl } from './worker/policy.js';
