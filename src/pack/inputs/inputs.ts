/** Resolves each input from the options and the graph: its entry in the manifest, and its shape in the golden sample. */

import { LIMITS } from '../../formats/limits.js';
import type { InputSpec, PadSpec } from '../../manifest/manifest.js';
import { rowsOf } from '../../manifest/sizes.js';
import type { GraphInput } from '../model/signature.js';
import { badOption } from '../options.js';
import { resolveColumns } from './columns.js';
import { goldenShape, resolveImage } from './image.js';
import { resolvePad } from './pad.js';
import { withSampleShapes } from './shapes.js';

/** A resolved input. */
export interface ResolvedInput {
  readonly name: string;
  readonly spec: InputSpec;
  /** The shape in the golden sample. */
  readonly shape: readonly number[];
}

/**
 * Resolves every input.
 * @param warn gets a sentence for each guess
 * @throws {PannierError} `options`, naming the input
 */
export function resolveInputs(inputs: readonly GraphInput[], warn: (warning: string) => void): readonly ResolvedInput[] {
  const resolved = withSampleShapes(inputs).map((input): ResolvedInput => {
    const { columns, shape } = resolveColumns(input);
    const { image, warning } = resolveImage(input);
    if (warning !== undefined) warn(warning);
    const { pad, sampled } = resolvePad(input, shape, image);
    const { shapes } = input.options;
    const taken = { ...(image && { image }), ...(columns && { columns }), ...(pad && { pad }), ...(shapes && { shapes }) };
    const { dtype, quantization } = input;
    const spec: InputSpec = { dtype, shape, ...(quantization && { quantization }), ...taken };
    const sampledShape = goldenShape({ ...input, shape: sampled }, image);
    const rows = rowsOf(sampledShape);
    if (columns !== undefined && rows > LIMITS.goldenRows)
      throw badOption(`Option inputs["${input.node}"].shape has ${rows} rows for the golden sample; the limit is ${LIMITS.goldenRows}.`);
    return { name: input.name, spec, shape: sampledShape };
  });
  checkPads(resolved);
  return resolved;
}

/**
 * Checks that all padded inputs of a model have one length.
 * @throws {PannierError} `options` if two differ in their buckets or in their length in the golden sample
 */
function checkPads(inputs: readonly ResolvedInput[]): void {
  const [first, ...others] = inputs.filter(({ spec }) => spec.pad !== undefined);
  for (const other of others) {
    const [own, theirs] = [first, other].map((input) => input?.spec.pad?.to.join(', '));
    if (own !== theirs)
      throw badOption(`Inputs "${first?.name}" and "${other.name}" are padded to ${own} and to ${theirs}; padded inputs have one length.`);
    if (sampledLength(first as ResolvedInput) !== sampledLength(other))
      throw badOption(`Inputs "${first?.name}" and "${other.name}" have different lengths in \`shape\`; padded inputs have one length.`);
  }
}

/** The length of a padded input in the golden sample. */
export const sampledLength = ({ spec, shape }: ResolvedInput): number => shape[(spec.pad as PadSpec).axis] as number;
