/** A compiled module with its memory and weights, ready to run. */
import { sizeOf } from '../../base/dtype.js';
import { DATA_TYPES, isFloat } from '../../graph/element-type.js';
import { readGraph } from '../../graph/file.js';
import type { Tensor } from '../../graph/tensor.js';
import { openReference, type ReferenceModel } from '../reference/interpreter.js';
import { type CompiledPlan, type HostPart, PLAN_SECTION, type PlacedTensor } from './plan.js';

/** The functions that a compiled module exports. */
interface Exports extends Record<`step ${number}`, (arenaAddress: number) => void> {
  readonly memory: WebAssembly.Memory;
  readonly run: (arenaAddress: number) => void;
  readonly interleave: (...parameters: readonly number[]) => void;
}

export interface CompiledInstance {
  /**
   * Runs the model once.
   * @param feeds one tensor for each input, by its name
   * @returns one tensor for each output, by its name; the caller owns it
   */
  run(feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor>;
  /** Runs one step of a module that exports them, on what the steps before it have left in memory. */
  runStep(index: number): void;
}

/**
 * Instantiates a compiled module, and lays its weights out.
 * @param bytes verified
 * @param constantOf the values of a constant, by its name; asked for each once
 */
export async function instantiate(bytes: BufferSource, constantOf: (name: string) => Tensor): Promise<CompiledInstance> {
  const module = await WebAssembly.compile(bytes);
  const [section] = WebAssembly.Module.customSections(module, PLAN_SECTION);
  const plan: CompiledPlan = JSON.parse(new TextDecoder().decode(section));
  const parts = plan.hostParts.map(openPart);
  const tail = plan.tail === null ? undefined : openPart(plan.tail);
  const host = { run: (number: number) => write(memory, plan, parts[number] as OpenPart) };
  const exports = (await WebAssembly.instantiate(module, { host, Math: Math as never })).exports as unknown as Exports;
  const { memory } = exports;
  for (const [name, placements] of Object.entries(plan.placements)) layOut(exports, plan, constantOf(name), placements);
  return {
    runStep: (index) => (exports[`step ${index}`] as Exports['run'])(plan.arenaAddress),
    run(feeds) {
      for (const input of plan.inputs) viewOf(memory, plan, input).set((feeds.get(input.name) as Tensor).data as never);
      exports.run(plan.arenaAddress);
      const outputs = plan.outputs.map((output) => [output.name, tensorAt(memory, plan, output)] as const);
      return new Map([...outputs, ...(tail === undefined ? [] : answersOf(memory, plan, tail))]);
    },
  };
}

interface OpenPart {
  readonly part: HostPart;
  readonly model: ReferenceModel;
}

const openPart = (part: HostPart): OpenPart => ({ part, model: openReference(readGraph({ json: part.graph, bytes: new Uint8Array() })) });

/** The answers of a part that the host computes. */
const answersOf = (memory: WebAssembly.Memory, plan: CompiledPlan, { part, model }: OpenPart): ReadonlyMap<string, Tensor> =>
  model.run(new Map(part.inputs.map((input) => [input.name, tensorAt(memory, plan, input)])));

/** Computes a part, and puts its answers where the module reads them. */
function write(memory: WebAssembly.Memory, plan: CompiledPlan, open: OpenPart): void {
  const answers = answersOf(memory, plan, open);
  for (const output of open.part.outputs) viewOf(memory, plan, output).set((answers.get(output.name) as Tensor).data as never);
}

/** The elements of a tensor in memory. */
function viewOf({ buffer }: WebAssembly.Memory, { arenaAddress }: CompiledPlan, { dataType, shape, offset }: PlacedTensor) {
  return new (isFloat(dataType) ? Float32Array : Int32Array)(buffer, arenaAddress + offset, sizeOf(shape));
}

/** A copy of a tensor, in the array of its element type. */
function tensorAt(memory: WebAssembly.Memory, plan: CompiledPlan, placed: PlacedTensor): Tensor {
  const { dataType, shape } = placed;
  const data = new DATA_TYPES[dataType](sizeOf(shape));
  data.set(viewOf(memory, plan, placed));
  return { dataType, shape, data };
}

/** Puts a constant into its places, by way of the arena's memory, which no run uses yet. */
function layOut(
  { memory, interleave }: Exports,
  { arenaAddress }: CompiledPlan,
  { dataType, data }: Tensor,
  placements: CompiledPlan['placements'][string],
): void {
  const elements = isFloat(dataType) ? Float32Array.from(data) : Int32Array.from(data);
  const put = (address: number): void =>
    new (elements.constructor as Float32ArrayConstructor)(memory.buffer, address, data.length).set(elements);
  if (placements.some(({ kind }) => kind === 'interleaved')) put(arenaAddress);
  for (const placement of placements) {
    if (placement.kind === 'plain') {
      put(placement.address);
      continue;
    }
    const { fromElement, rows, columns, rowStride, columnStride, width, address, blockBytes } = placement;
    interleave(arenaAddress + 4 * fromElement, rows, columns, 4 * rowStride, 4 * columnStride, width, address, blockBytes);
  }
}
