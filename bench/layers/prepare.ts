/** A public model whose steps can be timed, in Node: its module, and what each step computes. */
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import type { Step } from '../../src/engines/compiled/lower/step.js';
import type { Node, NodeOf, Value } from '../../src/graph/graph.js';
import { dataOf } from '../compiled/data-of.js';
import { graphOf } from '../compiled/graph-of.js';
import { calibration } from './calibration.js';

/** The work of a step. */
export interface StepWork {
  readonly op: string;
  /** The node's name in the model's file. */
  readonly origin: string;
  readonly shapes: string;
  /** Multiplications and additions of convolutions and matrix products; 0 for all other ops. */
  readonly flop: number;
  /** Bytes of all tensors that the step reads and writes, each once, weights among them. */
  readonly bytes: number;
}

/** Reads and compiles a model, given as `graphOf` takes it. @returns files by their names, and what the page needs to know */
export async function prepare(...given: Parameters<typeof graphOf>) {
  const graph = await graphOf(...given);
  const { model, weights, about } = dataOf(graph);
  const { bytes, steps } = compileModel(model, 'relaxed', { exportsSteps: true });
  return {
    files: { 'steps.wasm': bytes, 'weights.bin': weights, 'calibration.wasm': calibration() },
    about: { ...about, steps: steps.map(workOf) },
  };
}

const shapeOf = ({ type }: Value): readonly number[] => (type?.shape ?? []) as readonly number[];
const sizeOf = (value: Value): number => shapeOf(value).reduce((product, size) => product * size, 1);

const inputsOf = ({ inputs }: Node): readonly Value[] => inputs.filter((each): each is Value => each !== null);

function workOf({ node, before = [], reads, writes }: Step): StepWork {
  const nodes = [...before, node];
  const between = new Set(before.flatMap(({ outputs }) => outputs));
  const all = new Set([...nodes.flatMap(inputsOf).filter((each) => !between.has(each)), ...reads, ...writes]);
  const strides = 'strides' in node.attributes ? ` /${String(node.attributes.strides)}` : '';
  const texts = (values: Iterable<Value>): string => [...values].map((each) => shapeOf(each).join('×')).join(' ');
  return {
    op: nodes.map(({ op }) => op).join(', '),
    origin: String(node.origin.name),
    shapes: `${texts(nodes.flatMap(inputsOf))}${strides} → ${texts(writes)}`,
    flop: nodes.reduce((sum, each) => sum + flopOf(each as NodeOf<'conv2d'>), 0),
    bytes: 4 * [...all].reduce((sum, each) => sum + sizeOf(each), 0),
  };
}

function flopOf(node: NodeOf<'conv2d'> | NodeOf<'convTranspose2d'> | NodeOf<'matmul'>): number {
  const [left, right] = node.inputs as readonly [Value, Value];
  const [output] = node.outputs as readonly [Value];
  if (node.op === 'conv2d') return 2 * sizeOf(output) * (sizeOf(right) / (shapeOf(output).at(-1) as number));
  if (node.op === 'convTranspose2d') return 2 * sizeOf(left) * (sizeOf(right) / (shapeOf(left).at(-1) as number));
  return node.op === 'matmul' ? 2 * sizeOf(output) * (shapeOf(left).at(-1) as number) : 0;
}
