/** A function of a module, written from its first statement to its last. */
import { type Code, type Expression, flatten, type I32, unsigned, type V128, VALUE_TYPES, type ValueType, VectorConstant } from './code.js';
import { i32, place } from './scalar.js';

/** A variable of a function: as an expression it is its value. */
export interface Local<Type extends ValueType> extends Expression<Type> {
  readonly index: number;
}

type LocalsOf<Types extends readonly ValueType[]> = { readonly [Index in keyof Types]: Local<Types[Index]> };

/** A function that can be called. The module gives it its index when it is defined. */
export interface Callable {
  readonly index: number;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
}

const EMPTY_BLOCK = 0x40;
const END = 0x0b;

/** Takes statements in order. Loops and branches take a function that writes their body. */
export class FunctionBuilder {
  readonly parameters: readonly ValueType[];
  #locals: ValueType[] = [];
  #statements: Code[] = [];
  #keepsConstants = false;

  constructor(parameters: readonly ValueType[]) {
    this.parameters = parameters;
  }

  /** The parameters as variables. */
  get arguments(): readonly Local<ValueType>[] {
    return this.parameters.map(localOf);
  }

  local<Type extends ValueType>(type: Type): Local<Type> {
    this.#locals.push(type);
    return localOf(type, this.parameters.length + this.#locals.length - 1);
  }

  /** A new variable with a value. */
  let<Type extends ValueType>(value: Expression<Type>): Local<Type> {
    const variable = this.local(value.type);
    this.set(variable, value);
    return variable;
  }

  set<Type extends ValueType>(variable: Local<Type>, value: Expression<Type>): void {
    this.#statements.push([value.code, 0x21, unsigned(variable.index)]);
  }

  /** Adds a number of bytes or steps to a variable. */
  advance(variable: Local<'i32'>, by: number | I32): void {
    this.set(variable, i32.add(variable, typeof by === 'number' ? i32.const(by) : by));
  }

  store(address: I32, value: Expression<ValueType>, offset = 0): void {
    const opcode = { i32: [0x36], f32: [0x38], v128: [0xfd, 11] }[value.type];
    this.#statements.push([address.code, value.code, opcode, place(offset)]);
  }

  /** Stores the first lanes of a vector, 1 to 4 of them. */
  storeLanes(address: I32, value: Local<'v128'>, lanes: number, offset = 0): void {
    if (lanes === 4) this.store(address, value, offset);
    else {
      if (lanes >= 2) this.#storeLane(91, 0, address, value, offset);
      if (lanes % 2 === 1) this.#storeLane(90, lanes - 1, address, value, offset + 4 * (lanes - 1));
    }
  }

  /** Stores the first two lanes of a vector at one offset, and the last two at another one. */
  storeHalves(address: I32, value: Local<'v128'>, first: number, second: number): void {
    this.#storeLane(91, 0, address, value, first);
    this.#storeLane(91, 1, address, value, second);
  }

  #storeLane(opcode: number, lane: number, address: I32, value: V128, offset: number): void {
    this.#statements.push([address.code, value.code, 0xfd, opcode, place(offset), lane]);
  }

  /** Calls a function, and drops what it answers. */
  call(callee: Callable, ...given: readonly Expression<ValueType>[]): void {
    this.#statements.push([given.map(({ code }) => code), 0x10, unsigned(callee.index), callee.result === undefined ? [] : 0x1a]);
  }

  /** Runs the body as often as the number says: at least once. */
  repeat(times: number | Expression<'i32'>, body: () => void): void {
    if (times === 1) {
      body();
      return;
    }
    const left = this.let(typeof times === 'number' ? i32.const(times) : times);
    this.loop(() => {
      body();
      this.set(left, i32.sub(left, i32.const(1)));
      return left;
    });
  }

  /** Runs the body until the condition that it gives is 0. */
  loop(body: () => I32): void {
    this.#nested(0x03, () => {
      const again = body();
      this.#statements.push([again.code, 0x0d, 0]);
    });
  }

  if(condition: I32, body: () => void, otherwise?: () => void): void {
    this.#statements.push(condition.code);
    const branch = (write: () => void) => this.#taken(write);
    this.#statements.push([0x04, EMPTY_BLOCK, branch(body), otherwise === undefined ? [] : [0x05, branch(otherwise)], END]);
  }

  /**
   * Makes the function put its vector constants into variables at its begin. V8 makes such a vector of three instructions wherever one
   * stands, which takes as long as the arithmetic of a polynomial; a variable is an operand in a register or on the stack.
   */
  keepConstants(): void {
    this.#keepsConstants = true;
  }

  /** Ends the function with a value. */
  return(value: Expression<ValueType>): void {
    this.#statements.push(value.code);
  }

  /** The function's body as a module has it: its variables, then its code. */
  get bytes(): Uint8Array {
    const statements = this.#keepsConstants ? this.#withKeptConstants() : this.#statements;
    const locals = this.#locals.map((type) => [1, VALUE_TYPES[type]]);
    return flatten([unsigned(locals.length), locals, statements, END]);
  }

  #withKeptConstants(): Code {
    const kept = new Map<string, Local<'v128'>>();
    const visit = (code: Code): Code => {
      if (typeof code === 'number') return code;
      if (!(code instanceof VectorConstant)) return code.map(visit);
      if (code.isZero) return code;
      const variable = kept.get(String(code.bytes)) ?? this.local('v128');
      kept.set(String(code.bytes), variable);
      return variable.code;
    };
    const statements = visit(this.#statements);
    const begin = [...kept].map(([bytes, { index }]) => [bytes.split(',').map(Number), 0x21, unsigned(index)]);
    return [begin, statements];
  }

  #nested(opcode: number, body: () => void): void {
    const code = this.#taken(body);
    this.#statements.push([opcode, EMPTY_BLOCK, code, END]);
  }

  /** The statements that a function writes, which do not become the builder's. */
  #taken(write: () => void): Code {
    const outer = this.#statements;
    this.#statements = [];
    write();
    const inner = this.#statements;
    this.#statements = outer;
    return inner;
  }
}

const localOf = <Type extends ValueType>(type: Type, index: number): Local<Type> => ({ type, index, code: [0x20, ...unsigned(index)] });

/** The variables of a builder's parameters, with their types. */
export const argumentsOf = <const Types extends readonly ValueType[]>(builder: FunctionBuilder, _types: Types): LocalsOf<Types> =>
  builder.arguments as unknown as LocalsOf<Types>;

/** The value that a function answers. */
export const callResult = <Type extends ValueType>(
  type: Type,
  callee: Callable,
  ...given: readonly Expression<ValueType>[]
): Expression<Type> => ({
  type,
  code: [given.map(({ code }) => code), 0x10, unsigned(callee.index)],
});
