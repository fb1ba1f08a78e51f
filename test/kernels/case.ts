/** One call of one op, as a small graph with values for its inputs, and the list that cases are collected in. */
import { mulberry32 } from '../../src/base/random.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { constantOf } from '../../src/graph/constant.js';
import type { Graph, TypedValue, Value } from '../../src/graph/graph.js';
import type { OpAttributes, OpName } from '../../src/graph/ops/index.js';
import { openSize } from '../../src/graph/size.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { type CaseType, type Draw, drawn, type Random } from './values.js';

/** What a case is about: an op, or a few of them one after another. */
export type Subject = OpName | 'chain';

export interface KernelCase {
  /** Unique, for example `conv2d float32 3×3 s2 same [1, 7, 7, 3]→5`. */
  readonly id: string;
  readonly subject: Subject;
  /** The column of the table that it counts in. */
  readonly dataType: CaseType;
  readonly graph: Graph;
  /** By the names of the graph's inputs. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** How many terms make one element of the output, at most. */
  readonly terms: number;
}

/** Builds the graph of a case; values are drawn as inputs and constants are made. */
export class CaseBuilder {
  readonly graph = new GraphBuilder();
  readonly feeds: Record<string, Tensor> = {};
  readonly random: Random;
  #count = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** An input of the graph. @param open whether its first size is the open size `batch` */
  input(dataType: CaseType, shape: readonly number[], draw: Draw, open = false): TypedValue {
    const tensor = drawn(this.random, dataType, shape, draw);
    const value = this.graph.input(`x${this.#count++}`, { dataType, shape: open ? [openSize('batch'), ...shape.slice(1)] : shape });
    this.feeds[value.name] = tensor;
    return value;
  }

  /** A picture of float32 whose batch, height and width are open. */
  openPicture(shape: readonly number[], draw: Draw): TypedValue {
    const sizes = [...['batch', 'height', 'width'].map(openSize), shape[3] as number];
    const value = this.graph.input(`x${this.#count++}`, { dataType: 'float32', shape: sizes });
    this.feeds[value.name] = drawn(this.random, 'float32', shape, draw);
    return value;
  }

  /** A constant of the graph, as weights are. */
  constant(dataType: CaseType, shape: readonly number[], draw: Draw): TypedValue {
    return this.graph.constant(constantOf(`w${this.#count++}`, drawn(this.random, dataType, shape, draw)));
  }

  /** An input, or a constant if `fixed`. */
  either(fixed: boolean, dataType: CaseType, shape: readonly number[], draw: Draw): TypedValue {
    return fixed ? this.constant(dataType, shape, draw) : this.input(dataType, shape, draw);
  }

  op<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name]): TypedValue {
    return this.ops(op, inputs, attributes)[0] as TypedValue;
  }

  ops<Name extends OpName>(op: Name, inputs: readonly (Value | null)[], attributes: OpAttributes[Name]): readonly TypedValue[] {
    const name = `n${this.#count++}`;
    return this.graph.ops(op, inputs, attributes, { format: 'pannier', op, name }, [name]);
  }
}

export interface CaseOptions {
  readonly dataType: CaseType;
  readonly terms?: number;
}

/** The cases of one op, in order. Each has a seed of its own, so that a new case changes no other. */
export class CaseList {
  readonly subject: Subject;
  readonly cases: KernelCase[] = [];
  readonly #ids = new Set<string>();

  constructor(subject: Subject) {
    this.subject = subject;
  }

  /**
   * Adds a case.
   * @param text what tells it from the op's others
   * @param build makes the graph and gives its outputs
   */
  add(text: string, { dataType, terms = 1 }: CaseOptions, build: (builder: CaseBuilder) => readonly Value[]): void {
    const id = `${this.subject} ${dataType} ${text}`;
    if (this.#ids.has(id)) throw new Error(`Two cases have the id "${id}".`);
    this.#ids.add(id);
    const builder = new CaseBuilder(mulberry32(hashOf(id)));
    const outputs = build(builder);
    const { subject } = this;
    this.cases.push({ id, subject, dataType, graph: builder.graph.build(outputs), feeds: builder.feeds, terms });
  }
}

/** FNV-1a, by which an id becomes a seed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** A shape in an id. */
export const shown = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
