/** Weights that the model computes: they are laid out in each run, by the kernel that lays constants out when the model is loaded. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { interleave } from '../kernels/panels.js';
import type { Lowering, Step } from './step.js';
import { ELEMENT_BYTES } from './values.js';

type Convolution = NodeOf<'conv2d'> | NodeOf<'convTranspose2d'>;

/** A step that lays out the filter and the bias of a node, as far as they are no constants, before it does its work. */
export function withComputedWeights<Of extends Convolution>(
  lower: (node: Of, lowering: Lowering) => Step,
): (node: Of, lowering: Lowering) => Step {
  return (node, lowering) => {
    const { constants, kernels, weights } = lowering;
    const step = lower(node, lowering);
    const computed = node.inputs.slice(1).filter((each): each is Value => each !== null && !constants.has(each.name));
    if (computed.length === 0) return step;
    const layOut = interleave(kernels);
    const placements = computed.map((value) => [value, weights.takePlacements(value.name)] as const);
    return {
      ...step,
      reads: [...step.reads, ...computed],
      write: (at) => {
        for (const [value, each] of placements)
          for (const { fromElement, rows, columns, rowStride, columnStride, width, address, blockBytes } of each)
            at.body.call(
              layOut,
              i32.offset(at.of(value), ELEMENT_BYTES * fromElement),
              ...[rows, columns, ELEMENT_BYTES * rowStride, ELEMENT_BYTES * columnStride, width, address, blockBytes].map(i32.const),
            );
        step.write(at);
      },
    };
  };
}
