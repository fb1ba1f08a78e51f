/** Parses untrusted JSON: bounded in size and depth, and without keys such as `__proto__`. */
import { describe } from '../base/describe.js';
import { broken } from './file-fields.js';
import { LIMITS } from './limits.js';
import { nonFinite } from './non-finite.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses a JSON file.
 * @param what names the file in messages
 * @throws {PannierError} `model-format`, with the offset of the fault if the parser tells it
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > LIMITS.jsonBytes) throw broken(`${what} has ${bytes.length} bytes; the limit is ${LIMITS.jsonBytes}.`);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw broken(`${what} begins with a byte order mark (offset 0), which JSON does not allow. Save it as plain UTF-8.`);
  }
  checkDepth(bytes, what);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw broken(`${what} is not UTF-8 text; a model.json is wanted.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const reason = nonFinite(text) ?? `is not valid JSON: ${(thrown as Error).message} (of ${text.length} characters).`;
    // Reasons quote the file, which may hold what moves a terminal's cursor.
    throw broken(`${what} ${reason.replace(/[\p{C}\p{Z}]+/gu, ' ')}`);
  }
  checkStrings(value, what);
  return value;
}

/** The depth is checked before parsing, because V8's parser keeps all levels on the heap. */
function checkDepth(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let inString = false;
  for (let offset = 0; offset < bytes.length; offset++) {
    const byte = bytes[offset];
    if (inString) {
      if (byte === BACKSLASH) offset++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > LIMITS.jsonDepth) throw broken(`${what} nests more than ${LIMITS.jsonDepth} levels deep at offset ${offset}.`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}

/** Every key and every string, at any level. */
function checkStrings(root: unknown, what: string): void {
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string' && value.length > LIMITS.stringBytes) {
      throw broken(`${what} holds a text of ${value.length} characters; the limit is ${LIMITS.stringBytes}.`);
    }
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      // Messages name fields, and a terminal acts on some characters.
      if (key === '__proto__' || key === 'constructor' || key === 'prototype' || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(key))
        throw broken(`${what} has a field named ${describe(key)}, which is refused.`);
      waiting.push(key, child);
    }
  }
}
