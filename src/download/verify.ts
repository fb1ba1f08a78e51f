/** Verifies bytes: none reaches an engine before its SHA-256 is found to be the manifest's. */
import { lazily } from '../base/lazily.js';
import { now } from '../base/timing.js';
import type { Asset } from '../manifest/assets.js';

/** @returns 64 lower-case hex digits */
async function sha256Of(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await digestOf(bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function digestOf(bytes: ArrayBuffer): Promise<ArrayBuffer | Uint8Array> {
  // A page that is no secure context, as one at http://192.168.0.2/, has no `subtle`.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle !== undefined) return subtle.digest('SHA-256', bytes);
  const { sha256 } = await lazily(() => import('./sha256.js'));
  return sha256(new Uint8Array(bytes));
}

/**
 * Whether these are the bytes that the manifest names.
 * @param onHash called with the time that hashing took, in milliseconds
 */
export async function isAsset(
  { bytes, sha256: wanted }: Pick<Asset, 'bytes' | 'sha256'>,
  found: ArrayBuffer,
  onHash?: (durationMs: number) => void,
): Promise<boolean> {
  if (found.byteLength !== bytes) return false;
  const startMs = now();
  const agrees = (await sha256Of(found)) === wanted;
  onHash?.(now() - startMs);
  return agrees;
}
