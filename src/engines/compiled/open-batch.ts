/** The one size that may be open in a graph that is compiled: the number of rows, each of which is computed on its own. */
import { PannierError } from '../../base/errors.js';
import type { Graph, Node, Value } from '../../graph/graph.js';
import { nodeError } from '../../graph/node-error.js';
import type { OpName } from '../../graph/ops/index.js';
import { isOpen, namesIn, type Size } from '../../graph/size.js';
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
 * @throws {PannierError} `model-format`, naming the input or output with a size that is open otherwise, or the node that computes a row
 * from others
 */
export function openBatchOf({ graph, inputs, outputs }: ModelGraph): OpenBatch | undefined {
  const [name] = graph.inputs.flatMap((input) => shapeIn(input).flatMap((size) => [...namesIn(size)]));
  if (name === undefined) return undefined;
  const isBatched = graph.inputs.map((input, index) => {
    const shape = shapeIn(input);
    if (!shape.some(isOpen)) return false;
    if (!isRows(shape, name))
      throw refusal(
        `Input "${inputs[index]}" is ${shapeText(shape)}`,
        'only an open batch can be compiled: name the sizes that the app uses in the option `shapes` of the input',
      );
    return true;
  });
  checkRows(graph, name);
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

/** Refuses a node that computes a row from others. */
function checkRows({ nodes }: Graph, batch: string): void {
  const hasBatch = (size: Size | undefined): boolean => size !== undefined && namesIn(size).has(batch);
  for (const node of nodes) {
    const batched = node.inputs.filter((each): each is Value => each !== null && shapeIn(each).some(hasBatch));
    if (batched.length === 0) continue;
    const isAlong = batched.some((each) => axesOf(node).some((axis) => hasBatch(shapeIn(each)[axis])));
    const isPaired = node.outputs.some((each) => shapeIn(each).filter(hasBatch).length > 1);
    const isLost = node.outputs.some((each) => !shapeIn(each).some(hasBatch));
    if (isAlong || isPaired || isLost) throw nodeError(node.origin, `computes with several rows of the open batch "${batch}" at once`);
  }
}

/**
 * Ops whose axis is none along which they compute: that of `oneHot` is new, and a gather takes the row that an index names, which
 * graphs compute so that it is the row's own. Only a run of several rows shows if it is not.
 */
const WITHOUT_AXES: readonly OpName[] = ['oneHot', 'gather'];

/** The axes along which a node computes. */
function axesOf({ op, attributes }: Node): readonly number[] {
  if (WITHOUT_AXES.includes(op)) return [];
  if ('axes' in attributes) return attributes.axes;
  return 'axis' in attributes ? [attributes.axis] : [];
}
