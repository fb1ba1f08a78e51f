/** The kernels that one run of a graph calls and the memory that it takes, for the packer. */
import { memory, profile, tensor } from '@tensorflow/tfjs-core';
import type { Feed } from '../../preprocess/feed.js';
import type { Session } from '../engine.js';

/** One kernel call of a run, with the shapes of what went in and out. */
export interface KernelCall {
  readonly name: string;
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShapes: readonly (readonly number[])[];
}

/** The kernels and the memory of one run. */
export interface RunProfile {
  readonly kernels: readonly KernelCall[];
  /** The largest sum of bytes of tensors that were alive at once, without the weights. */
  readonly peakBytes: number;
}

/** Runs a session once and records its kernels, which is slow. */
export async function profileRun(session: Session, feeds: readonly Feed[], outputs: readonly string[]): Promise<RunProfile> {
  const { numBytes } = memory();
  const { kernels } = await profile(async () => {
    await session.run({ feeds, outputs, deadlineMs: Number.POSITIVE_INFINITY });
    return tensor(0);
  });
  return {
    kernels: kernels.map(({ name, inputShapes, outputShapes }) => ({
      name,
      inputShapes: inputShapes.filter((shape) => shape !== null),
      outputShapes,
    })),
    peakBytes: kernels.reduce((most, { totalBytesSnapshot }) => Math.max(most, totalBytesSnapshot), numBytes) - numBytes,
  };
}
