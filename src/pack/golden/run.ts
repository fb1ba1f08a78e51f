/** Runs the graph on the cpu backend, which gives the packer its outputs and its cost. */

import { messageOf } from '../../base/errors.js';
import type { Engine, EngineModel, Session } from '../../engines/engine.js';
import type { RunProfile } from '../../engines/tfjs/profile.js';
import { broken } from '../../formats/file-fields.js';
import { KERNELS } from '../../formats/tfjs/tfjs-table.js';
import type { GoldenSpec } from '../../manifest/manifest.js';
import type { Feed } from '../../preprocess/feed.js';
import type { PackedFile } from '../out/shards.js';
import type { Answers } from './golden.js';

/** A graph that is ready to run. */
export interface Runner {
  /** What its answers are worth. */
  readonly truth: GoldenSpec['truth'];
  /** @throws {PannierError} `model-format` when TF.js cannot run the graph */
  run(feeds: readonly Feed[]): Promise<Answers>;
  /** The kernels that one run calls, and the memory that it takes. */
  profile(feeds: readonly Feed[]): Promise<RunProfile>;
}

/** Longest run; a graph may hold a loop without an end. */
const DEADLINE_MS = 300_000;

let engine: Promise<Engine> | undefined;

/** TF.js is imported when a model is packed, because importing it puts its engine on `globalThis`. */
async function cpuEngine(): Promise<Engine> {
  const { start } = await import('../../engines/tfjs/cpu.js');
  return start({});
}

/** Opens a graph, hands it to `use` and frees it. */
export async function withRunner<T>(
  model: Omit<EngineModel, 'graph' | 'weights'>,
  graph: PackedFile,
  shards: readonly PackedFile[],
  use: (runner: Runner) => Promise<T>,
): Promise<T> {
  engine ??= cpuEngine();
  const outputs = Object.keys(model.signature.outputs);
  let session: Session | undefined;
  const named = async <R>(step: () => Promise<R>): Promise<R> => {
    try {
      return await step();
    } catch (thrown) {
      throw broken(`The graph does not run: ${messageOf(thrown).replace(/\s+/g, ' ')}`);
    }
  };
  try {
    const opened = await named(async () =>
      (await (engine as Promise<Engine>)).open({ ...model, graph: bufferOf(graph), weights: shards.map(bufferOf) }),
    );
    session = opened;
    return await use({
      truth: 'tfjs-cpu',
      run: (feeds) =>
        named(async () => {
          const answers = await opened.run({ feeds, outputs, deadlineMs: DEADLINE_MS });
          return Object.fromEntries(outputs.map((name, index) => [name, answers.outputs[index] as Answers[string]]));
        }),
      // Besides kernels the profile lists the ops that call them, such as `fusedConv2d__op`.
      profile: (feeds) =>
        named(async () => {
          const { profileRun } = await import('../../engines/tfjs/profile.js');
          const { kernels, peakBytes } = await profileRun(opened, feeds, outputs);
          return { kernels: kernels.filter(({ name }) => KERNELS['cpu']?.has(name)), peakBytes };
        }),
    });
  } finally {
    session?.dispose();
  }
}

/** Copies the weights, because an engine consumes them. */
const bufferOf = ({ bytes }: PackedFile): ArrayBuffer => new Uint8Array(bytes).buffer;
