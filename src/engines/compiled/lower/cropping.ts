/** Crops of pictures, which are floats whatever the pictures are. */
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { f32x4 } from '../asm/vector.js';
import { type CropShape, crop, cropTableBytes } from '../kernels/crop.js';
import { elementwise } from '../kernels/elementwise.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, memoryBytes, roomFor, shapeOf } from './values.js';

export function lowerCrop(node: NodeOf<'cropAndResize'>, { kernels }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const [pictures, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [boxes, cropHeight, cropWidth] = shapeOf(node.outputs[0] as Value) as [number, number, number];
  if (elementCount(input) === 0) throw new RangeError('crops pictures without elements');
  const { mode, extrapolationValue: outside } = node.attributes;
  const shape: CropShape = { pictures, height, width, channels, boxes, cropHeight, cropWidth, mode, outside };
  const run = crop(kernels, shape);
  const isWhole = !isFloat(input.type?.dataType as DataType);
  const axes = { sizes: [elementCount(input)], strides: [[1], [1]] };
  const asFloats = isWhole ? elementwise(kernels, axes, { name: 'as floats', write: (_, [x]) => f32x4.fromI32(x as V128) }) : undefined;
  const tableBytes = roomFor(cropTableBytes(shape));
  return plainStep(node, {
    scratchBytes: tableBytes + (isWhole ? memoryBytes(input) : 0),
    write: ({ body, scratch }, [from, box, number], [to]) => {
      const floats = body.let(isWhole ? i32.offset(scratch, tableBytes) : from);
      if (asFloats !== undefined) body.call(asFloats, from, floats);
      body.call(run, floats, box as typeof from, number as typeof from, to, scratch);
    },
  });
}
