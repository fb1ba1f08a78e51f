/** Holds an engine on wasm to golden samples at pack time: it runs in this process, and a wrong answer is found before any visitor gets it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { EngineName } from '../../base/backend-name.js';
import type { DType } from '../../base/dtype.js';
import { messageOf, PannierError } from '../../base/errors.js';
import type { EngineStart, Session } from '../../engines/engine.js';
import { startLocalEngine } from '../../engines/local.js';
import { WASM_BINARY } from '../../engines/registry.js';
import { compareGolden } from '../../golden/compare.js';
import { goldenFeeds } from '../../golden/feeds.js';
import type { GoldenSample, InputSpec } from '../../manifest/manifest.js';
import type { PackedFile } from '../out/shards.js';
import type { Answers } from './golden.js';
import { DEADLINE_MS, openFiles } from './open-files.js';

/** A model as an app will run it. */
export interface WrittenModel {
  /** Base name of the model file. */
  readonly file: string;
  readonly shards: readonly PackedFile[];
  readonly controlFlow: boolean;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly outputs: Readonly<Record<string, { readonly dtype: DType }>>;
}

/** A golden sample, as a sentence names it. */
export interface NamedSample {
  readonly name: string;
  readonly sample: GoldenSample;
}

/**
 * Runs golden samples on wasm in this process.
 * @param graph the engine's own file
 * @param golden the golden file
 * @returns why the engine may not run the model, as the rest of a sentence; undefined if it answers right, or cannot be asked here
 */
export async function refusalOnWasm(
  engine: EngineName,
  graph: PackedFile,
  model: WrittenModel,
  samples: readonly NamedSample[],
  golden: Uint8Array,
): Promise<string | undefined> {
  let asked = 'opening it';
  const started = await startLocalEngine({ engine, backend: 'wasm' }, engine === 'tfjs' ? readBinary() : Promise.resolve({}));
  try {
    const session = await openFiles(started, { ...model, graph });
    for (const { name, sample } of samples) {
      asked = name;
      const buffer = new Uint8Array(golden).buffer;
      const { reason } = compareGolden(model.outputs, sample, buffer, await answersOf(session, model, sample, buffer));
      if (reason !== undefined) return `its answer to ${name} is wrong: ${reason}`;
    }
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    // The machine that packs may have too little memory, which says nothing of a visitor's.
    if (thrown.code === 'out-of-memory') return undefined;
    return `it fails on ${asked}: ${messageOf(thrown)}`;
  } finally {
    // Its memory goes with it.
    started.dispose();
  }
}

async function answersOf(session: Session, { inputs, outputs }: WrittenModel, sample: GoldenSample, golden: ArrayBuffer): Promise<Answers> {
  const names = Object.keys(outputs);
  const run = await session.run({
    feeds: goldenFeeds(inputs, { inputs: sample.inputs }, golden),
    outputs: names,
    deadlineMs: DEADLINE_MS,
  });
  return Object.fromEntries(names.map((name, index) => [name, run.outputs[index] as Answers[string]]));
}

async function readBinary(): Promise<EngineStart> {
  const home = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  return { binary: new Uint8Array(await readFile(join(home, 'dist', WASM_BINARY.name))).buffer };
}
