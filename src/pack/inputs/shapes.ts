/** The shapes that options name for inputs with open sizes: checks them, and chooses those of the golden samples. */
import { shapeText } from '../../base/dtype.js';
import type { Dim } from '../../manifest/signature.js';
import type { GraphInput } from '../model/signature.js';
import { badOption } from '../options.js';

type Shape = readonly Dim[];

/**
 * Checks the shapes, and gives each input that has some those of the golden samples: the first ones that agree with the other options.
 * @returns the inputs, whose option `shape` is then a shape of the golden samples
 * @throws {PannierError} `options` for shapes that the graph does not take, or that do not go together
 */
export function withSampleShapes(inputs: readonly GraphInput[]): readonly GraphInput[] {
  const [first, ...others] = inputs.filter(({ options }) => options.shapes !== undefined);
  if (first === undefined) return inputs;
  const all = first.options.shapes as readonly Shape[];
  for (const other of others)
    if (other.options.shapes?.length !== all.length)
      throw badOption(
        `Inputs "${first.name}" and "${other.name}" have ${all.length} and ${other.options.shapes?.length} shapes; the first ones of all inputs go together, then the second ones.`,
      );
  const padded = inputs.find(({ options }) => options.pad !== undefined);
  if (padded !== undefined)
    throw badOption(`Input "${first.name}" has shapes and input "${padded.name}" pad: say each length in shapes instead.`);
  for (const input of [first, ...others]) checkShapes(input);
  const chosen = all.findIndex((_, index) => [first, ...others].every((input) => agrees(input, input.options.shapes?.[index] as Shape)));
  if (chosen < 0)
    throw badOption(`Option inputs["${first.node}"] names a size for the golden samples, by shape or image, that is none of its shapes.`);
  return inputs.map((input) => {
    const shape = input.options.shapes?.[chosen];
    // One row, as in every golden sample.
    const sampled = shape?.map((size, axis) => size ?? input.options.shape?.[axis] ?? 1);
    return sampled === undefined ? input : { ...input, options: { ...input.options, shape: sampled } };
  });
}

function checkShapes({ name, node, shape, options: { shapes = [] } }: GraphInput): void {
  for (const [index, each] of shapes.entries()) {
    const fits = each.length === shape?.length && each.every((size, axis) => shape[axis] === null || size === shape[axis]);
    if (!fits)
      throw badOption(`Option inputs["${node}"].shapes[${index}] is ${shapeText(each)}, but input "${name}" is ${shapeText(shape)}.`);
    const open = each.findIndex((size, axis) => size === null && axis > 0);
    if (open >= 0)
      throw badOption(`Option inputs["${node}"].shapes[${index}] leaves axis ${open} open; only a batch, along axis 0, may stay open.`);
  }
}

/** Whether a shape is the one that `shape`, or the width and height of `image`, ask for. */
function agrees({ options: { shape: wanted, image } }: GraphInput, shape: Shape): boolean {
  const isWanted =
    wanted === undefined || (wanted.length === shape.length && shape.every((size, axis) => (size ?? wanted[axis]) === wanted[axis]));
  const { width, height } = image || {};
  // Height and width stand before the channels or behind them.
  const isPicture = [1, 2].some((axis) => (height ?? shape[axis]) === shape[axis] && (width ?? shape[axis + 1]) === shape[axis + 1]);
  return isWanted && (isPicture || (width === undefined && height === undefined));
}
