/** The one size that may be open in a graph that is compiled: the number of rows, each of which is computed on its own. */
import { PannierError } from '../../base/errors.js';
import type { Value } from '../../graph/graph.js';
import { isOpen, namesIn } from '../../graph/size.js';
import { type Shape, shapeText } from '../../graph/tensor.js';
import type { ModelGraph } from './make-plan.js';

/** An open batch. */
export interface OpenBatch {
  readonly name: string;
  /** For each input, whether it has rows. */
  readonly isBatched: readonly boolean[];
}

/**
 * Finds the open batch of a graph.
 * @returns undefined if no size of an input is open
 * @throws {PannierError} `model-format`, naming the input or output with a size that is open otherwise
 */
export function openBatchOf({ graph, inputs, outputs }: ModelGraph): OpenBatch | undefined {
  const [name] = graph.inputs.flatMap((input) => shapeIn(input).flatMap((size) => [...namesIn(size)]));
  if (name === undefined) return undefined;
  const isBatched = graph.inputs.map((input, index) => {
    const shape = shapeIn(input);
    if (!shape.some(isOpen)) return false;
    if (!isRows(shape, name)) throw refusal(`Input "${inputs[index]}" is ${shapeText(shape)}`, `only an open batch can be compiled`);
    return true;
  });
  for (const [index, output] of graph.outputs.entries()) {
    const shape = shapeIn(output);
    if (!isRows(shape, name))
      throw refusal(`Output "${outputs[index]}" is ${shapeText(shape)}`, `with the open batch "${name}" each row must give one row of it`);
  }
  return { name, isBatched };
}

const shapeIn = ({ type }: Value): Shape => type?.shape ?? [];

/** Whether a shape has an open size along axis 0 alone, and nowhere else. */
const isRows = ([first, ...others]: Shape, name: string): boolean =>
  first !== undefined && isOpen(first) && first.text === name && !others.some(isOpen);

const refusal = (subject: string, problem: string): PannierError => new PannierError('model-format', `${subject}, but ${problem}.`);
