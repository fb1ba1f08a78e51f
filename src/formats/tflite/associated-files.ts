/** The files that producers append to a .tflite as a zip archive: labels, or a JSON with what the producer knows of the model. */
import { readZip } from '../zip.js';

/** The record at the end of an archive, without its comment (APPNOTE.TXT 4.3.16). */
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 2 ** 16;

/** The most bytes of one file that are read: labels and metadata are short. */
const MAX_TEXT_BYTES = 2 ** 24;

/**
 * The texts of the files in an archive at the end of some bytes, by their names; none if there is no archive.
 * @param file how messages name the model
 * @param warn is told of a file that is too large, which is left out
 * @throws {PannierError} `model-format` for a broken archive
 */
export function associatedFiles(bytes: Uint8Array, file: string, warn: (sentence: string) => void): ReadonlyMap<string, string> {
  const start = archiveStart(bytes);
  if (start === undefined) return new Map();
  const files = readZip(bytes.subarray(start), `The archive behind ${file}`, (name) => /\.(?:txt|json)$/i.test(name));
  const texts = new Map<string, string>();
  for (const [name, content] of files)
    if (content.length <= MAX_TEXT_BYTES) texts.set(name, new TextDecoder().decode(content));
    else warn(`${name} in the archive behind ${file} has ${content.length} bytes; files of more than ${MAX_TEXT_BYTES} are passed over.`);
  return texts;
}

/** The byte from which an archive counts its offsets: writers count from their own beginning, or from that of the whole file. */
function archiveStart(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) !== END_SIGNATURE) continue;
    const [size, offset] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    return Math.max(0, at - size - offset);
  }
  return undefined;
}
