/** The room in which kernels are written: one module, for engines with or without relaxed SIMD. */
import type { V128, ValueType } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { ModuleBuilder } from '../asm/module.js';
import { f32x4 } from '../asm/vector.js';

/** The vector instructions that a module uses. Safari has no relaxed ones. */
export type Build = 'simd' | 'relaxed';

/** Functions of `Math` that models rarely need, with the number of their arguments: JavaScript computes them, one number at a time. */
export const HOST_FUNCTIONS = {
  ...{ sin: 1, cos: 1, tan: 1, sinh: 1, cosh: 1, asin: 1, acos: 1, atan: 1, asinh: 1, acosh: 1, atanh: 1 },
  ...{ pow: 2, atan2: 2 },
} as const;
export type HostFunction = keyof typeof HOST_FUNCTIONS;

type LocalsOf<Types extends readonly ValueType[]> = { readonly [Index in keyof Types]: Local<Types[Index]> };

/** Collects the kernels of one module. Kernels of equal names are one function. */
export class Kernels {
  readonly module = new ModuleBuilder();
  readonly build: Build;
  readonly #made = new Map<string, Callable>();

  /** Has the host compute the op with a number. */
  readonly runOnHost: Callable;

  /** @param hostFunctions functions of `Math` that kernels may call, by their names */
  constructor(build: Build, hostFunctions: readonly HostFunction[] = []) {
    this.build = build;
    this.runOnHost = this.module.import('host', 'run', ['i32']);
    for (const name of hostFunctions) {
      const parameters = Array.from({ length: HOST_FUNCTIONS[name] }, () => 'f32' as const);
      this.#made.set(`Math.${name}`, this.module.import('Math', name, parameters, 'f32'));
    }
  }

  /** A function of `Math`. */
  hostFunction(name: HostFunction): Callable {
    const found = this.#made.get(`Math.${name}`);
    if (found === undefined) throw new Error(`Math.${name} was not imported.`);
    return found;
  }

  /** A function that is written when its name is first asked for. @param name tells all that its code depends on */
  define<const Types extends readonly ValueType[]>(
    name: string,
    parameters: Types,
    result: ValueType | undefined,
    write: (body: FunctionBuilder, ...given: LocalsOf<Types>) => void,
  ): Callable {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const made = this.module.function(parameters, result, write);
    this.#made.set(name, made);
    return made;
  }

  /** a · b + c: one rounding with relaxed SIMD where the machine has it, else two. */
  multiplyAdd(a: V128, b: V128, c: V128): V128 {
    return this.build === 'relaxed' ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
  }

  /** How many rows of eight columns a tile of a matrix product has: sums that stay in registers. */
  get tileRows(): number {
    return this.build === 'relaxed' ? 6 : 4;
  }
}
