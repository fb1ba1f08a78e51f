/** Tells by the bytes of a file, or by the names in a folder, what it is; the name of a file says nothing here. */

/** What a file can be. `json` may be a TF.js model, whose `format` says of which kind; `text` and `binary` are all the rest. */
export type FileFormat =
  | ModelFormat
  | ('json' | 'text' | 'binary' | 'empty')
  | ('html' | 'git-lfs' | 'gzip' | 'zip' | 'tfjs-zip')
  | ('pytorch' | 'ultralytics' | 'pickle' | 'scikit-learn' | 'safetensors' | 'gguf')
  | ('hdf5' | 'frozen-graph' | 'mediapipe-task' | 'ort');

/** What a folder can be. */
export type FolderFormat = Exclude<ModelFormat, 'onnx' | 'tflite' | 'keras'> | 'tfjs-folder' | 'onnx-folder' | 'hugging-face' | 'folder';

type ModelFormat = 'onnx' | 'tflite' | 'keras' | 'saved-model' | 'tf-checkpoint' | 'coreml' | 'packed';

/** Bytes from the start, and from the end, that are enough to tell. A zip archive lists its files at its end. */
export const HEAD_BYTES = 2 ** 16;

/** Formats whose files have the same bytes at one place. */
const SIGNATURES: readonly (readonly [format: FileFormat, offset: number, bytes: readonly number[]])[] = [
  ['hdf5', 0, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]],
  // FlatBuffers have the identifier of their schema behind the offset of the root.
  ['tflite', 4, [0x54, 0x46, 0x4c, 0x33]],
  ['ort', 4, [0x4f, 0x52, 0x54, 0x4d]],
  ['gguf', 0, [0x47, 0x47, 0x55, 0x46]],
  ['gzip', 0, [0x1f, 0x8b]],
  // The magic number of torch.save before PyTorch 1.6, pickled with protocol 2.
  ['pytorch', 0, [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]],
];

/** The last bytes of a LevelDB table, as which TensorFlow stores the index of a checkpoint (`table/format.h`). */
const TABLE_END: readonly number[] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

/** Formats whose files begin with a text, after white space. */
const BEGINNINGS: readonly (readonly [format: FileFormat, text: RegExp])[] = [
  ['html', /^<(?:!doctype\s+html|html|head)\b/i],
  ['git-lfs', /^version https:\/\/git-lfs\.github\.com\/spec\//],
  ['packed', /^\/\/ Written by `pannier pack`/],
  ['tf-checkpoint', /^model_checkpoint_path: "/],
  ['json', /^\{/],
];

/**
 * Tells what a file is.
 * @param head its first bytes, {@link HEAD_BYTES} of them where it has as many
 * @param tail its last bytes, as many
 */
export function detect(head: Uint8Array, tail: Uint8Array = head): FileFormat {
  if (head.length === 0) return 'empty';
  const signature = SIGNATURES.find(([, offset, bytes]) => bytes.every((byte, index) => head[offset + index] === byte));
  if (signature !== undefined) return signature[0];
  const text = latin1(head);
  if (isZip(head)) return zipFormat([...zipNames(head), ...zipNames(tail)], text);
  if (isSafetensors(head)) return 'safetensors';
  if (isPickle(head)) return /sklearn/.test(text) ? 'scikit-learn' : 'pickle';
  if (TABLE_END.every((byte, index) => tail.at(index - TABLE_END.length) === byte)) return 'tf-checkpoint';
  const beginning = text.replace(/^(?:\xef\xbb\xbf)?\s*/, '');
  const [format] = BEGINNINGS.find(([, pattern]) => pattern.test(beginning)) ?? [];
  // The C0 controls but for white space; bytes from 0x80 on belong to UTF-8.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what tells binary files from text.
  return format ?? protobufFormat(head) ?? (/[\x00-\x08\x0e-\x1f\x7f]/.test(text) ? 'binary' : 'text');
}

/** Tells what a folder is. @param names of the files and folders in it */
export function detectFolder(names: readonly string[]): FolderFormat {
  const has = (name: string): boolean => names.includes(name);
  if (has('saved_model.pb') || has('saved_model.pbtxt')) return 'saved-model';
  if (has('model.js') && has('packed-from.json')) return 'packed';
  if (has('Manifest.json') && has('Data')) return 'coreml';
  if (has('model.json')) return 'tfjs-folder';
  if (names.some((name) => name.endsWith('.onnx'))) return 'onnx-folder';
  if (has('config.json') && names.some((name) => /^(?:model.*\.safetensors|pytorch_model.*\.bin)$/.test(name))) return 'hugging-face';
  const isCheckpoint = names.some((name) => name.endsWith('.index') && has(name.replace(/\.index$/, '.data-00000-of-00001')));
  return isCheckpoint ? 'tf-checkpoint' : 'folder';
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** `PK` and the record of a file, or that of the end where the archive is empty. */
const isZip = ([p, k, first, second]: Uint8Array): boolean =>
  p === 0x50 && k === 0x4b && ((first === 3 && second === 4) || (first === 5 && second === 6));

/**
 * The names of the files in a zip archive, as far as some of its bytes tell them: in front of each file, and all of them at
 * the end (APPNOTE.TXT 4.3.7 and 4.3.12). A name that is not in printable ASCII is left out.
 */
function zipNames(bytes: Uint8Array): string[] {
  const names: string[] = [];
  const sizeAt = (offset: number): number => (bytes[offset] ?? 0) + (bytes[offset + 1] ?? 0) * 256;
  for (let at = bytes.indexOf(0x50); at >= 0; at = bytes.indexOf(0x50, at + 1)) {
    if (bytes[at + 1] !== 0x4b) continue;
    const isFile = bytes[at + 2] === 3 && bytes[at + 3] === 4;
    const isListed = bytes[at + 2] === 1 && bytes[at + 3] === 2;
    if (!isFile && !isListed) continue;
    const [start, length] = isFile ? [at + 30, sizeAt(at + 26)] : [at + 46, sizeAt(at + 28)];
    const name = latin1(bytes.subarray(start, start + length));
    if (name.length === length && isPrintable(name)) names.push(name);
  }
  return names;
}

/**
 * Tells what a zip archive is by its files, which may lie in a folder.
 * @param head its first bytes; PyTorch stores the pickle that names the model's class uncompressed, as the first file
 */
function zipFormat(names: readonly string[], head: string): FileFormat {
  const has = (file: RegExp): boolean => names.some((name) => file.test(name));
  if (has(/(?:^|\/)(?:data\.pkl|archive_format)$/)) return /ultralytics\./.test(head) ? 'ultralytics' : 'pytorch';
  if (has(/^config\.json$/) && has(/^model\.weights\.h5$/)) return 'keras';
  if (has(/\.tflite$/)) return 'mediapipe-task';
  return has(/(?:^|\/)model\.json$/) ? 'tfjs-zip' : 'zip';
}

/** The opcode that begins a pickle, and its protocol. */
const isPickle = ([opcode, protocol = 0]: Uint8Array): boolean => opcode === 0x80 && protocol >= 2 && protocol <= 5;

/** Eight bytes of the header's length, of which the upper four are zero, and the header, a JSON object. */
const isSafetensors = (head: Uint8Array): boolean =>
  [4, 5, 6, 7].every((offset) => head[offset] === 0) && head[8] === 0x7b && head[9] === 0x22;

/**
 * Tells protocol buffers apart, which have no magic number, by their first fields (onnx.proto, saved_model.proto, graph.proto,
 * and Model.proto of Core ML). Serialisers write fields in the order of their numbers.
 */
function protobufFormat(head: Uint8Array): FileFormat | undefined {
  const first = fieldAt(head, 0);
  if (first?.content !== undefined && first.number === 1) return isNodeDef(first.content) ? 'frozen-graph' : undefined;
  if (first?.number !== 1) return undefined;
  // The first field of ONNX, Core ML and SavedModel is a version. In ONNX the producer's name may follow, then other fields.
  const second = fieldAt(head, first.end);
  if (second?.content === undefined) return undefined;
  if (second.number !== 2) return [3, 4, 6, 7, 8].includes(second.number) ? 'onnx' : undefined;
  if (isPrintable(latin1(second.content))) return 'onnx';
  // The second field is a message in the other two. Core ML's begins with the first input, which begins with its name, and
  // SavedModel's with facts about the graph, which begin with a list of ops or with tags.
  const inner = fieldAt(second.content, 0);
  if (inner?.number !== 1 || inner.content === undefined) return undefined;
  return fieldAt(inner.content, 0)?.number === 1 ? 'coreml' : 'saved-model';
}

/** Whether a message is a node of a GraphDef: its name, then its op. */
function isNodeDef(message: Uint8Array): boolean {
  const name = fieldAt(message, 0);
  const op = name?.number === 1 ? fieldAt(message, name.end) : undefined;
  return op?.number === 2 && op.content !== undefined && /^[A-Z_]\w*$/.test(latin1(op.content));
}

/** One field of a protocol buffer. */
interface ProtobufField {
  readonly number: number;
  /** The bytes of a text or message, as far as they are there; undefined for a number. */
  readonly content: Uint8Array | undefined;
  readonly end: number;
}

/** Reads a field of a protocol buffer that is a number, a text or a message. */
function fieldAt(bytes: Uint8Array, offset: number): ProtobufField | undefined {
  const tag = varintAt(bytes, offset);
  if (tag === undefined) return undefined;
  const value = varintAt(bytes, tag.end);
  if (value === undefined) return undefined;
  const number = tag.value >>> 3;
  const kind = tag.value & 7;
  if (number === 0 || (kind !== 0 && kind !== 2)) return undefined;
  if (kind === 0) return { number, content: undefined, end: value.end };
  const end = value.end + value.value;
  return { number, content: bytes.subarray(value.end, end), end };
}

/** Reads a whole number in 7-bit groups, the lowest first; undefined if it has more than 5 of them or is cut. */
function varintAt(bytes: Uint8Array, offset: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: offset + index + 1 };
  }
  return undefined;
}

const isPrintable = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
