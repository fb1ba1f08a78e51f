/** One of ONNX's own node tests: a model, with inputs and outputs that it must give. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PannierError } from '../../../src/base/errors.js';
import { openReference } from '../../../src/engines/reference/interpreter.js';
import { dataTypeOf, elementTypeName } from '../../../src/formats/onnx/element-types.js';
import { type ModelProto, parseModel, parseTensor, type TensorProto } from '../../../src/formats/onnx/proto.js';
import { MAX_OPSET, readOnnx } from '../../../src/formats/onnx/read/read.js';
import { constantOfTensor } from '../../../src/formats/onnx/tensor.js';
import { tensorOf } from '../../../src/graph/constant.js';
import type { Graph } from '../../../src/graph/graph.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { verify } from '../../../src/graph/verify.js';

/** What can come of a test. `beyond`: right, but of a newer opset than is read, which was taken for the newest one that is. */
export const VERDICTS = ['right', 'refused', 'wrong', 'out of scope', 'beyond'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Outcome {
  readonly name: string;
  /** The op, or `functions` where the test has an op's definition by other ops. */
  readonly op: string;
  readonly verdict: Verdict;
  /** Why it is not right. */
  readonly reason?: string;
  /** The graph that is right on the reference, for engines to run. */
  readonly trial?: Trial;
}

/** A graph with what it is fed and what it must give. */
export interface Trial {
  readonly graph: Graph;
  readonly fed: ReadonlyMap<string, Tensor>;
  /** In the order of the graph's outputs; an output may have no wanted answer. */
  readonly wanted: readonly (Tensor | undefined)[];
}

/** The tolerance of ONNX's own runner is 1e-3 of the value and 1e-7; float32 close to 0 has no such precision. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-6;

/** ONNX's own domain, and that of classical models. */
const DOMAINS = ['', 'ai.onnx.ml'];

/** Why a test is about types that the graph does not have, or ops of other domains; undefined if it is not. */
function outOfScope({ graph, opsets }: ModelProto): string | undefined {
  const domain = [...opsets.keys()].find((each) => !DOMAINS.includes(each));
  if (domain !== undefined) return `has ops of ${domain}`;
  for (const { name, elementType } of [...(graph?.inputs ?? []), ...(graph?.outputs ?? [])]) {
    if (elementType === undefined) return `has "${name}", which is a sequence or optional`;
    if (dataTypeOf(elementType) === undefined) return `has ${elementTypeName(elementType)}`;
  }
  return undefined;
}

/** Runs a test. @param folder holds `model.onnx` and `test_data_set_0` */
export function outcomeOf(folder: string): Outcome {
  const name = (folder.split('/').at(-1) as string).replace(/^test_/, '');
  const model = parseModel(readFileSync(join(folder, 'model.onnx')), name);
  const nodes = model.graph?.nodes ?? [];
  const op = nodes.length === 1 && nodes[0] !== undefined ? nodes[0].op : 'functions';
  const scope = outOfScope(model);
  if (scope !== undefined) return { name, op, verdict: 'out of scope', reason: scope };
  const isBeyond = (model.opsets.get('') ?? 0) > MAX_OPSET;
  if (isBeyond) model.opsets.set('', MAX_OPSET);
  try {
    const trial = trialOf(model, join(folder, 'test_data_set_0'));
    const answers = openReference(trial.graph).run(trial.fed);
    const problem = problemOf(
      trial,
      trial.graph.outputs.map((output) => answers.get(output.name) as Tensor),
    );
    if (problem !== undefined) return { name, op, verdict: 'wrong', reason: problem };
    return { name, op, verdict: isBeyond ? 'beyond' : 'right', trial };
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) return { name, op, verdict: 'wrong', reason: `crashes: ${(thrown as Error).stack}` };
    return { name, op, verdict: isBeyond ? 'out of scope' : 'refused', reason: thrown.message };
  }
}

/** Reads a test. @throws {PannierError} if the reader refuses it */
function trialOf(model: ModelProto, data: string): Trial {
  const inputs = filesOf(data, 'input');
  const outputs = filesOf(data, 'output').map(tensorOfProto);
  const { graph, fed } = readBound(model, inputs);
  return { graph, fed, wanted: graph.outputs.map((_, index) => outputs[index]) };
}

/** The first difference of answers from the wanted ones; undefined if there is none. */
export const problemOf = ({ graph, wanted }: Trial, answers: readonly Tensor[]): string | undefined =>
  graph.outputs
    .map(({ name }, index) => differenceOf(name, answers[index] as Tensor, wanted[index]))
    .find((problem) => problem !== undefined);

/**
 * Reads the model with as few inputs as possible as constants, as exporters write those that decide a shape: none; all but the first;
 * all.
 */
function readBound(model: ModelProto, given: readonly TensorProto[]) {
  const graph = model.graph as NonNullable<ModelProto['graph']>;
  const present = graph.inputs.map((input, index) => ({ input, tensor: given[index] as TensorProto }));
  let refusal: unknown;
  for (const free of [present.length, 1, 0]) {
    const bound = present.slice(free).map(({ input, tensor }) => ({ ...tensor, name: input.name }));
    const inputs = present.slice(0, free);
    const initializers = [...graph.initializers, ...bound];
    try {
      const read = readOnnx(
        { ...model, graph: { ...graph, inputs: inputs.map(({ input }) => input), initializers } },
        new Map(),
        'The model',
      );
      verify(read.graph);
      return { graph: read.graph, fed: new Map(inputs.map(({ input, tensor }) => [input.name, tensorOfProto(tensor)])) };
    } catch (thrown) {
      if (!(thrown instanceof PannierError)) throw thrown;
      refusal ??= thrown;
    }
  }
  throw refusal;
}

function filesOf(folder: string, kind: 'input' | 'output'): TensorProto[] {
  if (!existsSync(folder)) return [];
  const { length } = readdirSync(folder).filter((name) => name.startsWith(kind));
  return Array.from({ length }, (_, index) => parseTensor(readFileSync(join(folder, `${kind}_${index}.pb`))));
}

const tensorOfProto = (proto: TensorProto): Tensor => tensorOf(constantOfTensor(proto, proto.name, new Map()));

function differenceOf(name: string, got: Tensor, wanted: Tensor | undefined): string | undefined {
  if (wanted === undefined) return undefined;
  const typeOf = ({ dataType, shape }: Tensor) => `${dataType}[${shape}]`;
  if (typeOf(got) !== typeOf(wanted)) return `"${name}" is ${typeOf(got)}, but ${typeOf(wanted)} is wanted`;
  for (const [index, value] of wanted.data.entries()) {
    const answer = got.data[index] as number;
    const isNear = Object.is(answer, value) || answer === value || Math.abs(answer - value) <= ABSOLUTE + RELATIVE * Math.abs(value);
    if (!isNear) return `"${name}"[${index}] is ${answer}, but ${value} is wanted`;
  }
  return undefined;
}
