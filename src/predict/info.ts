/** What a model says about itself, besides its signature; how old it is, by the clock at the time of asking. */

import type { ModelInfo } from '../api/model.js';
import { daysSince } from '../base/date.js';
import { assetsOf, type Manifest } from '../manifest/manifest.js';

export function infoOf(manifest: Manifest): ModelInfo {
  const { version, license, source, packedAt, staleAfterDays, flops, controlFlow } = manifest;
  const ageDays = packedAt === undefined ? undefined : daysSince(packedAt);
  return {
    version,
    ...(license && { license }),
    ...(source && { source }),
    ...(packedAt && { packedAt }),
    ageDays,
    stale: ageDays !== undefined && staleAfterDays !== undefined && ageDays >= staleAfterDays,
    bytes: assetsOf(manifest).reduce((sum, asset) => sum + asset.bytes, 0),
    flops,
    controlFlow,
  };
}
