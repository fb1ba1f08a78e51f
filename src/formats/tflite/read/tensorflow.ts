/** Operators of TensorFlow Lite that are ops of TensorFlow under another name, with the same inputs. */
import { IMPORTERS } from '../../tfjs/read/importers.js';
import type { Importer } from './call.js';

/** Reads an operator as TensorFlow's op of a name. */
export const readAs = (op: string): Importer => {
  const importer = IMPORTERS[op];
  if (importer === undefined) throw new Error(`TensorFlow's ${op} has no importer.`);
  return importer;
};
