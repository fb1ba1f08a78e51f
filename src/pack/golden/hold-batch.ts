/** Holds TF.js's wasm backend to the golden batch at pack time: a kernel may be right for one row and wrong for several. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DType } from '../../base/dtype.js';
import { messageOf, PannierError } from '../../base/errors.js';
import { startLocalEngine } from '../../engines/local.js';
import { WASM_BINARY } from '../../engines/registry.js';
import { compareGolden } from '../../golden/compare.js';
import { goldenFeeds } from '../../golden/feeds.js';
import type { GoldenSample, InputSpec } from '../../manifest/manifest.js';
import type { GraphFiles } from '../out/graph-files.js';
import type { Answers, StoredGolden } from './golden.js';
import { DEADLINE_MS, openFiles } from './tfjs-session.js';

/** A graph as an app will run it. */
export interface WrittenModel {
  /** Base name of the model file. */
  readonly file: string;
  readonly files: GraphFiles;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly outputs: Readonly<Record<string, { readonly dtype: DType }>>;
}

/**
 * Runs the golden batch on wasm in this process.
 * @returns why wasm may not run the model, as the rest of a sentence; undefined if it answers right, or cannot be asked here
 */
export async function refusalOfWasm(model: WrittenModel, { batch, bytes }: StoredGolden): Promise<string | undefined> {
  if (batch === undefined) return undefined;
  const golden = new Uint8Array(bytes).buffer;
  try {
    const answers = await runOnWasm(model, batch, golden);
    const { reason } = compareGolden(model.outputs, batch, golden, answers);
    return reason && `its answer to a batch of three is wrong: ${reason}`;
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    // The machine that packs may have no room or no SIMD, which says nothing of a visitor's.
    if (thrown.code === 'out-of-memory' || thrown.code === 'backend-unavailable') return undefined;
    return `it fails on a batch of three: ${messageOf(thrown)}`;
  }
}

async function runOnWasm({ file, files, inputs }: WrittenModel, batch: GoldenSample, golden: ArrayBuffer): Promise<Answers> {
  const engine = await startLocalEngine({ engine: 'tfjs', backend: 'wasm' }, readBinary());
  try {
    const session = await openFiles(engine, file, files);
    const names = files.signature.outputs.map(({ name }) => name);
    const { outputs } = await session.run({
      feeds: goldenFeeds(inputs, { inputs: batch.inputs }, golden),
      outputs: names,
      deadlineMs: DEADLINE_MS,
    });
    return Object.fromEntries(names.map((name, index) => [name, outputs[index] as Answers[string]]));
  } finally {
    // Its heap, which never shrinks, goes with it.
    engine.dispose();
  }
}

async function readBinary(): Promise<{ readonly binary: ArrayBuffer }> {
  const home = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  return { binary: new Uint8Array(await readFile(join(home, 'dist', WASM_BINARY.name))).buffer };
}
