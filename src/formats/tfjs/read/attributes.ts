/** The attributes of a node in a GraphDef, as TF.js's JSON has them. An attribute that is absent has the default that TensorFlow gives it. */
import type { Fields } from '../../../base/fields.js';
import type { DataType } from '../../../graph/element-type.js';
import { arrayAt, broken, objectAt } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';
import type { AttributeReader } from '../../reading/attribute-reader.js';
import type { GraphNode } from '../graph-def.js';

/** TensorFlow's DataType by its number, which TF.js takes as well as the name. */
const TYPE_NAMES: readonly string[] =
  'DT_INVALID DT_FLOAT DT_DOUBLE DT_INT32 DT_UINT8 DT_INT16 DT_INT8 DT_STRING DT_COMPLEX64 DT_INT64 DT_BOOL'.split(' ');

/** The element types of attributes. 64 bits are 32 in TF.js: its converter writes weights of int64 and float64 so. */
const DATA_TYPE_OF: Readonly<Record<string, DataType>> = {
  ...{ DT_FLOAT: 'float32', DT_HALF: 'float32', DT_DOUBLE: 'float32', DT_BFLOAT16: 'float32', DT_BOOL: 'bool' },
  ...{ DT_INT32: 'int32', DT_INT64: 'int32', DT_INT16: 'int16', DT_INT8: 'int8', DT_UINT8: 'uint8' },
};

/** Reads the attributes of one node. Each reader throws `model-format` if the attribute has another form. */
export class Attributes implements AttributeReader {
  readonly #node: GraphNode;

  constructor(node: GraphNode) {
    this.#node = node;
  }

  whole(name: string, absent?: number): number {
    const value = this.#field(name, 'i');
    if (value === undefined && absent !== undefined) return absent;
    const number = Number(value);
    if (value === undefined || !Number.isSafeInteger(number)) throw this.#broken(name, 'a whole number');
    return number;
  }

  number(name: string, absent: number): number {
    const value = this.#field(name, 'f');
    // JSON has no infinity: protobuf writes it as a text.
    const number = value === undefined ? absent : Number(value);
    if (Number.isNaN(number)) throw this.#broken(name, 'a number');
    return number;
  }

  flag(name: string, absent = false): boolean {
    const value = this.#field(name, 'b') ?? absent;
    if (typeof value !== 'boolean') throw this.#broken(name, 'true or false');
    return value;
  }

  text(name: string, absent: string): string {
    const value = this.#field(name, 's');
    return value === undefined ? absent : this.#textOf(value, name);
  }

  /** @param absent undefined if the attribute must stand there */
  dataType(name: string, absent?: DataType): DataType {
    const value = this.#field(name, 'type') ?? absent;
    if (value === absent && absent !== undefined) return absent;
    const type = typeof value === 'number' ? TYPE_NAMES[value] : value;
    const known = typeof type === 'string' && Object.hasOwn(DATA_TYPE_OF, type) ? DATA_TYPE_OF[type] : undefined;
    if (known === undefined) throw this.#broken(name, 'an element type of numbers or booleans');
    return known;
  }

  wholes(name: string, absent: readonly number[] = []): readonly number[] {
    const numbers = this.#list(name, 'i')?.map(Number) ?? absent;
    if (!numbers.every(Number.isSafeInteger)) throw this.#broken(name, 'whole numbers');
    return numbers;
  }

  texts(name: string): readonly string[] {
    return (this.#list(name, 's') ?? []).map((value) => this.#textOf(value, name));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#node.attr, name);
  }

  #field(name: string, kind: string): unknown {
    return this.has(name) ? this.#fields(name)[kind] : undefined;
  }

  #fields(name: string): Fields {
    return objectAt(this.#node.attr[name], `Node "${this.#node.name}"'s attr.${name}`);
  }

  #list(name: string, kind: string): readonly unknown[] | undefined {
    if (!this.has(name)) return undefined;
    const place = `Node "${this.#node.name}"'s attr.${name}.list`;
    // An empty list may have no field.
    return arrayAt(objectAt(this.#fields(name)['list'] ?? {}, place)[kind] ?? [], place, LIMITS.nodes);
  }

  /** A text in base64, or as the codes of its characters. */
  #textOf(value: unknown, name: string): string {
    if (Array.isArray(value)) return String.fromCharCode(...(value as number[]));
    if (typeof value !== 'string') throw this.#broken(name, 'a text');
    try {
      return atob(value);
    } catch {
      throw this.#broken(name, 'a text in base64');
    }
  }

  #broken(name: string, wanted: string): Error {
    return broken(`Node "${this.#node.name}" (${this.#node.op}) has the attribute "${name}", which should be ${wanted}.`, {
      node: this.#node.name,
    });
  }
}
