/** Another height and width of pictures. */
import { isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { nearestOf, sourceOf } from '../../../graph/resample.js';
import { i32 } from '../asm/scalar.js';
import { ENTRY_BYTES, resampleLinear, resampleNearest, resampleRowwise, rowwiseScratchBytes } from '../kernels/resample.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, roomFor, shapeOf } from './values.js';

export function lowerResample(node: NodeOf<'resample2d'>, lowering: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const [output] = node.outputs as readonly [Value];
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [, outputHeight, outputWidth] = shapeOf(output) as [number, number, number];
  const { mode } = node.attributes;
  if (mode === 'linear' && !isFloat(input.type?.dataType ?? 'int32')) throw new RangeError('weighs whole numbers');
  const pixelBytes = 4 * channels;
  const rows = lowering.weights.table(tableOf(node, height, outputHeight, width * pixelBytes));
  const columns = lowering.weights.table(tableOf(node, width, outputWidth, pixelBytes));
  const shape = { inputWidth: width, height: outputHeight, width: outputWidth, channels };
  // Rowwise, each output row weighs all of the picture's width; else, each element three times.
  const isRowwise = mode === 'linear' && width < 2 * outputWidth;
  const scratchBytes = isRowwise ? roomFor(rowwiseScratchBytes(shape)) : 0;
  const run = isRowwise
    ? resampleRowwise(lowering.kernels, shape)
    : (mode === 'linear' ? resampleLinear : resampleNearest)(lowering.kernels, outputHeight, outputWidth, channels);
  return plainStep(node, {
    scratchBytes,
    write: ({ body, scratch }, [from], [to]) => {
      for (let index = 0; index < batch; index++)
        body.call(
          run,
          i32.offset(from, (index * 4 * elementCount(input)) / batch),
          i32.offset(to, (index * 4 * elementCount(output)) / batch),
          i32.const(rows),
          i32.const(columns),
          ...(isRowwise ? [scratch] : []),
        );
    },
  });
}

/** The neighbours of each place along an axis, and the weight of the second one. */
function tableOf({ attributes }: NodeOf<'resample2d'>, length: number, made: number, strideBytes: number): Int32Array {
  const { mode, coordinates, rounding } = attributes;
  const table = new DataView(new ArrayBuffer(made * ENTRY_BYTES));
  for (let place = 0; place < made; place++) {
    const at =
      mode === 'nearest' ? nearestOf(place, length, made, coordinates, rounding ?? 'floor') : sourceOf(place, length, made, coordinates);
    const inside = Math.min(Math.max(at, 0), length - 1);
    const first = Math.floor(inside);
    const weight = inside - first;
    // A neighbour of weight 0 is not read, since it may be infinite.
    const second = weight === 0 ? first : Math.min(first + 1, length - 1);
    table.setInt32(place * ENTRY_BYTES, first * strideBytes, true);
    table.setInt32(place * ENTRY_BYTES + 4, second * strideBytes, true);
    table.setFloat32(place * ENTRY_BYTES + 8, weight, true);
  }
  return new Int32Array(table.buffer);
}
