/** Everything the options and the graph say of each input, settled: what the manifest will say, and the golden sample's shape. */
import type { InputSpec } from '../manifest.js';
import { settleColumns } from './columns.js';
import { goldenShape, settleImage } from './image.js';
import { checkPads, settlePad } from './pad.js';
import type { GraphInput } from './signature.js';

/** An input that the packer has settled. */
export interface SettledInput {
  readonly name: string;
  readonly spec: InputSpec;
  /** The golden sample's. */
  readonly shape: readonly number[];
}

/**
 * Settles every input.
 * @param warn is told of guesses
 * @throws {PannierError} `options`, naming the input
 */
export function settleInputs(inputs: readonly GraphInput[], warn: (warning: string) => void): readonly SettledInput[] {
  const settled = inputs.map((input): SettledInput => {
    const { columns, shape } = settleColumns(input);
    const { image, warning } = settleImage(input);
    if (warning !== undefined) warn(warning);
    const { pad, sampled } = settlePad(input, shape, image);
    const taken = { ...(image && { image }), ...(columns && { columns }), ...(pad && { pad }) };
    const spec: InputSpec = { dtype: input.dtype, shape, node: input.node, ...taken };
    return { name: input.name, spec, shape: goldenShape({ ...input, shape: sampled }, image) };
  });
  checkPads(settled);
  return settled;
}
