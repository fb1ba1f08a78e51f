/** The attributes of a node in an ONNX file. One that is absent has the default that its op's definition gives it. */
import type { Origin } from '../../../graph/graph.js';
import { nodeError } from '../../../graph/node-error.js';
import type { AttributeProto, GraphProto, TensorProto } from '../proto.js';

/** The kinds of attributes by their numbers in the file (AttributeProto.AttributeType of onnx.proto). */
const KINDS = { number: 1, whole: 2, text: 3, tensor: 4, graph: 5, numbers: 6, wholes: 7, texts: 8 } as const;
const KIND_NAMES: Readonly<Record<keyof typeof KINDS, string>> = {
  ...{ number: 'a number', whole: 'a whole number', text: 'a text', tensor: 'a tensor', graph: 'a graph' },
  ...{ numbers: 'numbers', wholes: 'whole numbers', texts: 'texts' },
};

/** Reads the attributes of one node. Each reader throws `model-format` if the attribute is of another kind. */
export class Attributes {
  readonly #byName: ReadonlyMap<string, AttributeProto>;
  readonly #origin: Origin;

  constructor(attributes: readonly AttributeProto[], origin: Origin) {
    this.#byName = new Map(attributes.map((each) => [each.name, each]));
    this.#origin = origin;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  number(name: string, absent: number): number {
    return this.#find(name, 'number')?.real ?? absent;
  }

  /** @param absent undefined if the attribute must stand there */
  whole(name: string, absent?: number): number {
    const value = this.#find(name, 'whole')?.whole ?? absent;
    if (value === undefined) throw nodeError(this.#origin, `lacks the attribute "${name}"`);
    if (!Number.isSafeInteger(value)) throw nodeError(this.#origin, `has the attribute "${name}", which is too large`);
    return value;
  }

  /** ONNX has whole numbers in place of true and false. */
  flag(name: string, absent = false): boolean {
    return this.whole(name, absent ? 1 : 0) !== 0;
  }

  text(name: string, absent: string): string {
    return this.#find(name, 'text')?.text ?? absent;
  }

  texts(name: string): readonly string[] | undefined {
    return this.#find(name, 'texts')?.texts;
  }

  numbers(name: string): readonly number[] | undefined {
    return this.#find(name, 'numbers')?.reals;
  }

  wholes(name: string): readonly number[] | undefined {
    const values = this.#find(name, 'wholes')?.wholes;
    if (values?.every(Number.isSafeInteger) === false) throw nodeError(this.#origin, `has the attribute "${name}", which is too large`);
    return values;
  }

  tensor(name: string): TensorProto | undefined {
    return this.#find(name, 'tensor')?.tensor;
  }

  graph(name: string): GraphProto {
    const graph = this.#find(name, 'graph')?.graph;
    if (graph === undefined) throw nodeError(this.#origin, `lacks the attribute "${name}"`);
    return graph;
  }

  /** Files of the first IR versions leave out the kind, which then counts as the wanted one. */
  #find(name: string, kind: keyof typeof KINDS): AttributeProto | undefined {
    const found = this.#byName.get(name);
    if (found !== undefined && found.type !== 0 && found.type !== KINDS[kind])
      throw nodeError(this.#origin, `has the attribute "${name}", which should be ${KIND_NAMES[kind]}`);
    return found;
  }
}
