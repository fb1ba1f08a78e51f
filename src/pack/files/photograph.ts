/** Decodes PNG and JPEG files to the same pixels as browsers and training frameworks do. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PNG } from 'pngjs';
import { messageOf } from '../../base/errors.js';
import { LIMITS } from '../../formats/limits.js';
import type { Pixels } from '../../manifest/signature.js';
import { badOption } from '../options.js';
import { readOptionFile } from './option-file.js';

/**
 * Reads a picture as RGBA; EXIF orientation is applied, as browsers do.
 * @param what names the file in messages
 * @throws {PannierError} `options`
 */
export async function readPhotograph(path: string, what: string): Promise<Pixels> {
  const bytes = await readOptionFile(path, what, LIMITS.pictureBytes);
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  // The header has the size, so a picture that is too large is refused before it is decoded.
  const { width, height } = (isJpeg ? jpegSize : pngSize)(bytes);
  if (width * height > LIMITS.pixels) throw badOption(`${what} has ${width}×${height} pixels; at most ${LIMITS.pixels} in all are wanted.`);
  return isJpeg ? decodeJpeg(bytes, what) : decodePng(bytes, what);
}

/** The first bytes of every PNG. */
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Width and height from a PNG's first bytes; 0 if it is none. */
export const pngSize = (bytes: Buffer): { readonly width: number; readonly height: number } =>
  bytes.length >= 24 && bytes.subarray(0, 8).equals(PNG_SIGNATURE)
    ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    : { width: 0, height: 0 };

/** @throws {PannierError} `options` if the bytes are no PNG */
export function decodePng(bytes: Buffer, what: string): Pixels {
  try {
    const { data, width, height } = PNG.sync.read(bytes);
    return { data: new Uint8Array(data), width, height };
  } catch (thrown) {
    throw badOption(`${what} is not a picture that can be read: ${messageOf(thrown)}.`);
  }
}

/** Reads the size from the frame's header, which follows segments of other kinds. */
function jpegSize(bytes: Buffer): { readonly width: number; readonly height: number } {
  for (let at = 2; at + 9 <= bytes.length; ) {
    const marker = bytes[at + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return { width: 0, height: 0 };
}

interface JpegDecoder {
  init(module: WebAssembly.Module, options: { printErr(line: string): void }): Promise<void>;
  default(bytes: ArrayBuffer, options: { preserveOrientation: boolean }): Promise<Pixels>;
}

let decoder: Promise<JpegDecoder> | undefined;
const complaints: string[] = [];

/** MozJPEG decodes as libjpeg-turbo does, which most training frameworks and browsers use. */
async function decodeJpeg(bytes: Buffer, what: string): Promise<Pixels> {
  decoder ??= startDecoder();
  complaints.length = 0;
  try {
    const decode = (await decoder).default;
    const { data, width, height } = await decode(new Uint8Array(bytes).buffer, { preserveOrientation: true });
    // The decoder accepts a file that is cut and fills the missing part with gray.
    if (complaints.length > 0) throw new Error(complaints.join(', '));
    return { data, width, height };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : (complaints[0] ?? 'the decoder gave up');
    throw badOption(`${what} is not a picture that can be read: ${why}.`);
  }
}

async function startDecoder(): Promise<JpegDecoder> {
  // The decoder's types lack the form for Node, in which the caller reads the wasm file.
  const found = (await import('@jsquash/jpeg/decode.js')) as unknown as JpegDecoder;
  const wasm = await readFile(createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'));
  await found.init(new WebAssembly.Module(new Uint8Array(wasm)), { printErr: (line) => complaints.push(line) });
  return found;
}
