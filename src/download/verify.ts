/** No byte reaches an engine before its SHA-256 was found to be the manifest's. */
import { PannierError } from '../base/errors.js';
import { now } from '../base/timing.js';
import type { Asset } from '../manifest/manifest.js';

/** SHA-256 as 64 lower-case hex digits. */
export async function sha256(bytes: BufferSource): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new PannierError(
      'policy-blocked',
      'Bytes cannot be verified here: crypto.subtle needs a secure context. Serve the page over https or from localhost.',
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Whether these are the bytes that the manifest names.
 * @param onHash told how long hashing took, in milliseconds
 */
export async function isAsset(
  { bytes, sha256: wanted }: Pick<Asset, 'bytes' | 'sha256'>,
  found: ArrayBuffer,
  onHash?: (durationMs: number) => void,
): Promise<boolean> {
  if (found.byteLength !== bytes) return false;
  const startMs = now();
  const agrees = (await sha256(found)) === wanted;
  onHash?.(now() - startMs);
  return agrees;
}
