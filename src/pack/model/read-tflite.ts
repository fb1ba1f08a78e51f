/** Reads a .tflite file into a graph. */
import { broken } from '../../formats/file-fields.js';
import type { TfliteModel, TfliteSignature } from '../../formats/tflite/model.js';
import { verify } from '../../graph/verify.js';
import { badOption } from '../options.js';
import type { ReadModel } from './read-model.js';
import { tfliteHints } from './tflite-metadata.js';

/**
 * Reads the bytes of a .tflite file.
 * @param wanted the option `signature`
 * @throws {PannierError} `model-format`, and `options` for a signature that the file does not have
 */
export async function readTfliteFile(content: Uint8Array, file: string, wanted: string | undefined): Promise<ReadModel> {
  // The reader of flatbuffers is loaded for such files alone.
  const tflite = await import('../../formats/tflite/index.js');
  const model = tflite.parseTflite(content, file);
  const signature = signatureOf(model, wanted, file);
  const { graph, ends, states } = tflite.readTflite(model, signature, file);
  verify(graph);
  const hints = tfliteHints(tflite, { model, subgraph: signature?.subgraph ?? 0, bytes: content, graph, ends }, file);
  const kept = new Map(states.map(({ input, output, initial }) => [input, { output, initial }]));
  const original = { bytes: content, signature: signature?.key };
  return { file, graph, ends, inexpressible: [], states: kept, tflite: original, ...(hints && { hints }) };
}

/** The signature that the option names. Without it, the only one; of several none comes first, since they are different models. */
function signatureOf({ signatures }: TfliteModel, wanted: string | undefined, file: string): TfliteSignature | undefined {
  const keys = signatures.map(({ key }) => `"${key}"`).join(', ');
  if (wanted === undefined) {
    if (signatures.length > 1)
      throw broken(`${file} has the signatures ${keys}. Say which one to pack: option signature, or --signature NAME.`);
    return signatures[0];
  }
  const found = signatures.find(({ key }) => key === wanted);
  if (found === undefined) throw badOption(`Option signature is "${wanted}", but ${file} has ${keys || 'none'}.`);
  return found;
}
