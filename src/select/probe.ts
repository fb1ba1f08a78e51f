/**
 * Whether a pair could win at all, before the model is opened there: products of two small matrices tell how fast it
 * computes. A large model takes a GPU in software minutes, and once begun they cannot be called back: while they last
 * the browser may draw nothing, on any page.
 */
import { withDeadline } from '../base/promise.js';
import type { EngineHandle } from '../runtime/engine-pool.js';
import { HOPELESS, shortMs } from './race.js';

/** A smaller model is tried as it is: that is hardly more work. */
export const LEAST_PROBED_FLOPS = 1e8;
/** Half a second of a pair is too little to refuse it for. */
const LEAST_CALL_MS = 500;
/** No model is a product of matrices: only what is off by twice as much as a race allows is refused. */
const DOUBT = 2;
/** Two sizes, since a GPU also takes a while for nothing: their difference is the work alone. */
const SIZES = [128, 256] as const;
/** The first of each size compiles; of the others the fastest counts. */
const RUNS = 4;

/**
 * Why a pair cannot win against a call of `incumbentMs`, or undefined where it might.
 * @param flops of one call of the model
 * @throws what the engine's runs throw
 */
export async function hopelessReason(
  flops: number,
  incumbentMs: number,
  { engine, queue }: Pick<EngineHandle, 'engine' | 'queue'>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const opening = engine.open({ name: 'probe', graph: productGraph(), weights: [], controlFlow: false });
  const session = await withDeadline(opening, deadlineMs, 'Opening a probe', () => {
    void opening.then((late) => late.dispose()).catch(() => undefined);
  });
  try {
    const fastest: number[] = [];
    for (const size of SIZES) {
      const call = { feeds: [{ ...FEED, shape: [size, size], data: new Float32Array(size * size) }], outputs: ['product:0'], deadlineMs };
      let leastMs = Number.POSITIVE_INFINITY;
      for (let run = 0; run < RUNS; run++) {
        const { cold, computeMs, readMs = 0 } = await queue.run(() => session.run(call), 'background', signal);
        if (!cold) leastMs = Math.min(leastMs, computeMs + readMs);
      }
      fastest.push(leastMs);
    }
    const [smallMs = 0, largeMs = 0] = fastest;
    const flopsPerMs = (flopsOf(SIZES[1]) - flopsOf(SIZES[0])) / (largeMs - smallMs);
    const callMs = flops / flopsPerMs;
    if (!(callMs > Math.max(LEAST_CALL_MS, DOUBT * HOPELESS * incumbentMs))) return undefined;
    const [ours, rate] = [shortMs(callMs), Number((flopsPerMs / 1e6).toPrecision(2))];
    return `at ${rate} GFLOP a second, as measured, one call would take about ${ours}; where the model runs now, one takes ${shortMs(incumbentMs)}`;
  } finally {
    session.dispose();
  }
}

const FEED = { kind: 'tensor', node: 'matrix', dtype: 'float32' } as const;

/** Of a square matrix with itself: a multiplication and an addition for each of its terms. */
const flopsOf = (size: number): number => 2 * size ** 3;

function productGraph(): ArrayBuffer {
  const float = { type: 'DT_FLOAT' };
  const node = [
    { name: 'matrix', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim: [{ size: '-1' }, { size: '-1' }] } } } },
    {
      name: 'product',
      op: 'MatMul',
      input: ['matrix', 'matrix'],
      attr: { T: float, transpose_a: { b: false }, transpose_b: { b: false } },
    },
  ];
  return new TextEncoder().encode(JSON.stringify({ modelTopology: { node, versions: {} }, weightsManifest: [] })).buffer;
}
