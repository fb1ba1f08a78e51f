/** A WebAssembly module: functions, one memory, exports, and imports of functions. */
import { type Code, flatten, unsigned, VALUE_TYPES, type ValueType } from './code.js';
import { argumentsOf, type Callable, FunctionBuilder, type Local } from './function.js';
import { i32 } from './scalar.js';

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const FUNCTION = 0;
const MEMORY = 2;
const CUSTOM = 0;
const END = 0x0b;

/** The numbers of the sections that are written, in the order in which they stand. */
const SECTIONS = { type: 1, import: 2, function: 3, memory: 5, export: 7, code: 10, data: 11 } as const;

type LocalsOf<Types extends readonly ValueType[]> = { readonly [Index in keyof Types]: Local<Types[Index]> };

interface Export {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

/** Takes functions, and writes the module. Imports come before all functions, since both share one row of indices. */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #imports: Code[] = [];
  readonly #functions: { readonly type: number; readonly body: Uint8Array }[] = [];
  readonly #exports: Export[] = [];
  readonly #data: Code[] = [];
  readonly #custom: Code[] = [];
  #pages = 0;

  /** A function that the page gives when it instantiates the module. */
  import(room: string, name: string, parameters: readonly ValueType[], result?: ValueType): Callable {
    if (this.#functions.length > 0) throw new Error(`The import ${room}.${name} comes after functions.`);
    const index = this.#imports.length;
    this.#imports.push([text(room), text(name), FUNCTION, unsigned(this.#typeOf(parameters, result))]);
    return { index, parameters, result };
  }

  /** Adds a function. @param write its statements; gets its parameters as variables */
  function<const Types extends readonly ValueType[]>(
    parameters: Types,
    result: ValueType | undefined,
    write: (body: FunctionBuilder, ...given: LocalsOf<Types>) => void,
  ): Callable {
    const builder = new FunctionBuilder(parameters);
    write(builder, ...argumentsOf(builder, parameters));
    this.#functions.push({ type: this.#typeOf(parameters, result), body: builder.bytes });
    return { index: this.#imports.length + this.#functions.length - 1, parameters, result };
  }

  /** Exports a function by a name. */
  export(name: string, { index }: Callable): void {
    this.#exports.push({ name, kind: FUNCTION, index });
  }

  /** Bytes that stand in the memory from the start. */
  data(address: number, bytes: Uint8Array): void {
    this.#data.push([0, i32.const(address).code, END, unsigned(bytes.length), [...bytes]]);
  }

  /** Bytes behind the module, which it does not run, by a name. */
  custom(name: string, content: string): void {
    const bytes = flatten([text(name), [...new TextEncoder().encode(content)]]);
    this.#custom.push([CUSTOM, unsigned(bytes.length), [...bytes]]);
  }

  /** Gives the module a memory of its own, exported as `memory`. @param bytes rounded up to pages of 64 KiB */
  memory(bytes: number): void {
    this.#pages = Math.ceil(bytes / 65_536);
    this.#exports.push({ name: 'memory', kind: MEMORY, index: 0 });
  }

  /** The module's bytes. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const types = this.#types.map((each) => JSON.parse(each) as Code);
    const bodies = this.#functions.map(({ body }) => [unsigned(body.length), [...body]]);
    const exported = this.#exports.map(({ name, kind, index }) => [text(name), kind, unsigned(index)]);
    return Uint8Array.from(
      flatten([
        HEADER,
        section('type', types),
        section('import', this.#imports),
        section(
          'function',
          this.#functions.map(({ type }) => unsigned(type)),
        ),
        section('memory', this.#pages === 0 ? [] : [[0, unsigned(this.#pages)]]),
        section('export', exported),
        section('code', bodies),
        section('data', this.#data),
        this.#custom,
      ]),
    );
  }

  /** The index of a function's type; equal types are one. */
  #typeOf(parameters: readonly ValueType[], result: ValueType | undefined): number {
    const codes = (types: readonly ValueType[]) => [types.length, ...types.map((each) => VALUE_TYPES[each])];
    const type = JSON.stringify([0x60, ...codes(parameters), ...codes(result === undefined ? [] : [result])]);
    const found = this.#types.indexOf(type);
    return found >= 0 ? found : this.#types.push(type) - 1;
  }
}

function section(name: keyof typeof SECTIONS, items: readonly Code[]): Code {
  if (items.length === 0) return [];
  const content = flatten([unsigned(items.length), items]);
  return [SECTIONS[name], unsigned(content.length), [...content]];
}

function text(value: string): Code {
  const bytes = new TextEncoder().encode(value);
  return [unsigned(bytes.length), ...bytes];
}
