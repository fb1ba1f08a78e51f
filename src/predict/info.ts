/** Makes `model.info` of the manifest. */
import type { ModelInfo } from '../api/model.js';
import { visitorAssets } from '../engines/own-graph.js';
import type { Manifest } from '../manifest/manifest.js';

/** The manifest's facts for the app, without those that only a load needs. */
export function infoOf(manifest: Manifest): ModelInfo {
  const { version, license, source, packedAt, staleAfterDays, drift, signature, flops, controlFlow } = manifest;
  return {
    version,
    ...(license && { license }),
    ...(source && { source }),
    ...(packedAt && { packedAt }),
    ...(staleAfterDays !== undefined && { staleAfterDays }),
    ...(drift && { drift: { ...drift, values: signature.outputs[drift.output]?.values } }),
    bytes: visitorAssets(manifest).reduce((sum, asset) => sum + asset.bytes, 0),
    flops,
    controlFlow,
  };
}
