/** A compiled module with its memory, and what it says of itself. */

import { PannierError } from '../../base/errors.js';
import { failedAs } from '../failed-as.js';
import type * as HostParts from './host-parts.js';
import { type CompiledPlan, type RunName, readPlan } from './plan.js';

/** The exports of a module: for each variant of the graph what computes it, and its steps if they were asked for. */
export interface ModuleExports extends Readonly<Record<RunName | `step ${number}`, (arenaAddress: number) => void>> {
  readonly memory: WebAssembly.Memory;
  /** The kernel of the same name. */
  readonly interleave: (...parameters: readonly number[]) => void;
}

/** A module in memory. */
export interface LoadedModule {
  readonly plan: CompiledPlan;
  readonly exports: ModuleExports;
  /** The graph's end for each variant; undefined unless the host computes it. */
  readonly tails: readonly (HostParts.OpenPart | undefined)[];
}

/** Imports the code of the parts that JavaScript computes. */
export type ImportHostParts = () => Promise<typeof HostParts>;

/**
 * Compiles a module in the browser, and gives it memory.
 * @param bytes verified
 * @throws {PannierError} `manifest` if the module has no plan, `out-of-memory`, or `predict` if it is none
 */
export async function loadModule(name: string, bytes: ArrayBuffer, importHostParts: ImportHostParts): Promise<LoadedModule> {
  try {
    const module = await WebAssembly.compile(bytes);
    const plan = readPlan(module);
    if (plan === undefined)
      throw new PannierError('manifest', `The module of model "${name}" does not say what it computes. Pack the model again.`);
    // Most models have no such parts, and need no code for them.
    const host =
      plan.hostParts.length === 0 && plan.variants.every(({ tail }) => tail === null)
        ? undefined
        : (await importHostParts()).openHostParts(plan);
    const imports = {
      host: { run: (number: number) => host?.compute(exports.memory, number) },
      Math: Math as unknown as WebAssembly.ModuleImports,
    };
    const exports = await instantiate(name, module, imports);
    return { plan, exports, tails: host?.tails ?? [] };
  } catch (thrown) {
    throw failedAs(thrown, `The module of model "${name}" could not be opened`);
  }
}

async function instantiate(name: string, module: WebAssembly.Module, imports: WebAssembly.Imports): Promise<ModuleExports> {
  try {
    return (await WebAssembly.instantiate(module, imports)).exports as unknown as ModuleExports;
  } catch (thrown) {
    // The specification has this error for memory that cannot be allocated.
    if (thrown instanceof RangeError) throw new PannierError('out-of-memory', `There is no memory for model "${name}": ${thrown.message}`);
    throw thrown;
  }
}
