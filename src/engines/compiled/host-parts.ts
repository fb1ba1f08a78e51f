/** The parts of a graph that no module computes: the reference runs them on tensors in the module's memory. */
import { sizeOf } from '../../base/dtype.js';
import { DATA_TYPES } from '../../graph/element-type.js';
import { readGraph } from '../../graph/file.js';
import type { Tensor } from '../../graph/tensor.js';
import { openReference } from '../reference/interpreter.js';
import { viewOf } from './memory-view.js';
import type { CompiledPlan, HostPart, PlacedTensor } from './plan.js';

/** Computes a part from what lies in memory. @returns its outputs, by their names in the graph */
export type OpenPart = (memory: WebAssembly.Memory) => ReadonlyMap<string, Tensor>;

export interface OpenHostParts {
  /** Computes a part in the middle of a run, and puts its outputs where the module reads them. */
  readonly compute: (memory: WebAssembly.Memory, number: number) => void;
  /** The functions that compute the end of the graph, one for each variant; undefined if the module computes all of it. */
  readonly tails: readonly (OpenPart | undefined)[];
}

/** Reads the parts of a plan. */
export function openHostParts(plan: CompiledPlan): OpenHostParts {
  const open = ({ graph, inputs }: HostPart): OpenPart => {
    const model = openReference(readGraph({ json: graph, bytes: new Uint8Array() }));
    return (memory) => model.run(new Map(inputs.map((input) => [input.name, tensorAt(memory, plan, input)])));
  };
  const parts = plan.hostParts.map((part) => ({ outputs: part.outputs, answers: open(part) }));
  return {
    compute(memory, number) {
      const { outputs, answers } = parts[number] as (typeof parts)[number];
      const tensors = answers(memory);
      for (const output of outputs) viewOf(memory, plan, output).set((tensors.get(output.name) as Tensor).data);
    },
    tails: plan.variants.map(({ tail }) => (tail === null ? undefined : open(tail))),
  };
}

/** A copy of a tensor, in the array of its element type. */
function tensorAt(memory: WebAssembly.Memory, plan: CompiledPlan, placed: PlacedTensor): Tensor {
  const { dataType, shape } = placed;
  const data = new DATA_TYPES[dataType](sizeOf(shape));
  data.set(viewOf(memory, plan, placed));
  return { dataType, shape, data };
}
