/** Sizes as tensors: constants, or whole numbers that the GraphDef computes from the shapes of inputs. */
import { add, evaluate, isOpen, namesIn, type OpenSize, type Size, sizeText } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { broken } from '../../file-fields.js';
import { type GraphDef, outputOf, type WrittenTensor } from './graph-def.js';

/** Where the value of an open size is found: an axis of a tensor whose size is `factor · name + offset`. */
interface Source {
  readonly tensor: WrittenTensor;
  readonly axis: number;
  readonly factor: number;
  readonly offset: number;
}

/**
 * Everything is computed on lists of one int32, with ops that TF.js's webgpu backend runs on the CPU while its operands are there: sizes
 * are read by the ops that take them, and the GPU cannot be read without waiting.
 */
export class WrittenSizes {
  readonly #def: GraphDef;
  readonly #sources = new Map<string, Source>();
  readonly #made = new Map<string, WrittenTensor>();

  constructor(def: GraphDef) {
    this.#def = def;
  }

  /** Tells that open sizes can be found in the shape of a tensor. */
  declare(tensor: WrittenTensor, shape: Shape): void {
    for (const [axis, size] of shape.entries()) {
      if (!isOpen(size)) continue;
      const source = solvedFor(size);
      if (source !== undefined && !this.#sources.has(source.name)) this.#sources.set(source.name, { tensor, axis, ...source });
    }
  }

  /** Sizes as a list. */
  list(sizes: readonly Size[]): WrittenTensor {
    if (!sizes.some(isOpen)) return this.#numbers(sizes as readonly number[], [sizes.length]);
    if (sizes.length === 1) return this.#item(sizes[0] as Size);
    return this.#once(`[${sizes.map(sizeText).join(', ')}]`, () =>
      this.#add('ConcatV2', [...sizes.map((size) => this.#item(size)), this.#numbers([0], [])], { N: { i: String(sizes.length) } }),
    );
  }

  /** A size without axes. */
  one(size: Size): WrittenTensor {
    if (!isOpen(size)) return this.#numbers([size], []);
    return this.#once(`scalar ${size.text}`, () => this.#add('Reshape', [this.#item(size), this.#numbers([], [0])]));
  }

  #item(size: Size): WrittenTensor {
    if (!isOpen(size)) return this.#numbers([size], [1]);
    return this.#once(size.text, () => {
      const terms = size.terms.map(({ factor, atoms }) => {
        const made = atoms.map((atom) => {
          if (atom.kind === 'name') return this.#named(atom.text);
          if (atom.kind === 'max') return this.#add('Maximum', [this.#item(atom.left), this.#item(atom.right)]);
          // ⌈a / b⌉ is ⌊(a + b - 1) / b⌋ for b above 0.
          const left = atom.kind === 'floor' ? atom.left : add(add(atom.left, atom.right), -1);
          return this.#add('FloorDiv', [this.#item(left), this.#item(atom.right)]);
        });
        const first = made.shift() ?? this.#numbers([factor], [1]);
        const product = made.reduce((left, right) => this.#add('Mul', [left, right]), first);
        return factor === 1 || atoms.length === 0 ? product : this.#add('Mul', [product, this.#numbers([factor], [1])]);
      });
      return terms.reduce((left, right) => this.#add('AddV2', [left, right]));
    });
  }

  #named(name: string): WrittenTensor {
    return this.#once(name, () => {
      const source = this.#sources.get(name);
      if (source === undefined) throw broken(`The open size "${name}" is no size of an input, so that TF.js cannot compute with it.`);
      const { tensor, axis, factor, offset } = source;
      const shape = this.#once(`shape ${name}`, () => this.#add('Shape', [tensor]));
      const size = this.#add('Slice', [shape, this.#numbers([axis], [1]), this.#numbers([1], [1])]);
      const rest = offset === 0 ? size : this.#add('Sub', [size, this.#numbers([offset], [1])]);
      return factor === 1 ? rest : this.#add('FloorDiv', [rest, this.#numbers([factor], [1])]);
    });
  }

  #once(key: string, make: () => WrittenTensor): WrittenTensor {
    const made = this.#made.get(key) ?? make();
    this.#made.set(key, made);
    return made;
  }

  #add(op: string, inputs: readonly WrittenTensor[], attributes = {}): WrittenTensor {
    return outputOf(this.#def.add(op, inputs, attributes, 'sizes'));
  }

  #numbers(values: readonly number[], shape: readonly number[]): WrittenTensor {
    return this.#def.numbers('parameter', 'int32', values, shape);
  }
}

/** A size as `factor · name + offset`, if it is one. */
function solvedFor(size: OpenSize): { readonly name: string; readonly factor: number; readonly offset: number } | undefined {
  const [name, ...others] = namesIn(size);
  if (name === undefined || others.length > 0) return undefined;
  const [offset, next] = [0, 1].map((value) => evaluate(size, new Map([[name, value]]))) as [number, number];
  const factor = next - offset;
  const isLinear = size.terms.every(({ atoms }) => atoms.length === 0 || (atoms.length === 1 && atoms[0]?.kind === 'name'));
  return isLinear && factor > 0 ? { name, factor, offset } : undefined;
}
