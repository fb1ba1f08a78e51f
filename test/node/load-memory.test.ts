/** What a load holds at once: buffers of its own, counted by V8, at every step of fetch, cache and backend. */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { findBackend, type KernelBackend } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, vi } from 'vitest';
import { downloadModel } from '../../src/download/download-model.js';
import { startLocalEngine } from '../../src/engines/local.js';
import { WeightDecoder, type WeightSpec } from '../../src/engines/tfjs/decode.js';
import { deferred, fakeModel } from '../fixtures/fakes.js';
import { constant } from '../fixtures/models.js';
import { longTest } from '../tier.js';

const SHARD_BYTES = 2 * 2 ** 20;
const SHARDS = 8;

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of all `ArrayBuffer`s that somebody still holds. */
function buffersNow(): number {
  // The first one only finds them, where V8 frees beside the thread.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}

const { add } = WeightDecoder.prototype;

afterEach(() => {
  WeightDecoder.prototype.add = add;
  vi.restoreAllMocks();
});

/** Weights of `SHARDS` shards: what they take once they are uploaded, and their specs. */
const KINDS: Record<string, { readonly specs: readonly WeightSpec[]; readonly uploadedBytes: number }> = {
  'a weight in each shard': {
    specs: Array.from({ length: SHARDS }, (_, index) => ({ name: `w${index}`, shape: [SHARD_BYTES / 4], dtype: 'float32' as const })),
    uploadedBytes: SHARDS * SHARD_BYTES,
  },
  'four weights in each shard, stored as float16': {
    specs: Array.from({ length: SHARDS * 4 }, (_, index) => ({
      name: `w${index}`,
      shape: [SHARD_BYTES / 8],
      dtype: 'float32' as const,
      quantization: { dtype: 'float16' as const },
    })),
    uploadedBytes: 2 * SHARDS * SHARD_BYTES,
  },
  'one weight in all of them': {
    specs: [{ name: 'w0', shape: [(SHARDS * SHARD_BYTES) / 4], dtype: 'float32' }],
    uploadedBytes: SHARDS * SHARD_BYTES,
  },
};

describe('a load holds the weights and at most two shards', () => {
  longTest.each(
    Object.keys(KINDS).flatMap((kind) => [
      [kind, 'quick'],
      [kind, 'hanging'],
    ]),
  )('%s, with a %s disk', async (kind, disk) => {
    const { specs, uploadedBytes } = KINDS[kind]!;
    const graph = {
      modelTopology: { node: specs.map(({ name }) => constant(name)), versions: {} },
      weightsManifest: [{ weights: specs }],
      nodes: {},
    };
    const shards = Array.from({ length: SHARDS }, (_, index) => new Uint8Array(SHARD_BYTES).fill(index + 1));
    const { manifest, files } = fakeModel('memory', shards);
    const text = new TextEncoder().encode(JSON.stringify(graph));
    files.set('tfjs.json', text);
    const graphAsset = { ...manifest.targets.tfjs.graph, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
    const engine = await startLocalEngine({ engine: 'tfjs', backend: 'cpu' }, Promise.resolve({}));
    const baseBytes = buffersNow();
    const seen = { peakBytes: 0, samples: 0, sets: 0, mostSets: 0 };
    /** Received buffers are made at once, and filled as bytes come; so is a weight that takes more than one shard. */
    const unfilled = new Map<string, number>();
    let decodedBytes = 0;
    // By hand: a spy would keep the shards.
    WeightDecoder.prototype.add = function* (shard) {
      decodedBytes += shard.byteLength;
      yield* Reflect.apply(add, this, [shard]);
    };
    const sample = () => {
      const emptyBytes = [...unfilled.values()].reduce((sum, bytes) => sum + bytes, 0);
      const unfilledWeightBytes = specs.length === 1 && decodedBytes > 0 ? uploadedBytes - decodedBytes : 0;
      seen.peakBytes = Math.max(seen.peakBytes, buffersNow() - baseBytes - emptyBytes - unfilledWeightBytes);
      seen.samples++;
    };
    const backend = findBackend('cpu') as KernelBackend;
    const { write } = backend;
    vi.spyOn(backend, 'write').mockImplementation((...given) => {
      sample();
      return Reflect.apply(write, backend, given);
    });
    const fetch = async (address: unknown) => {
      const name = new URL(String(address)).pathname.slice(1);
      const bytes = files.get(name)!;
      let at = 0;
      unfilled.set(name, bytes.length);
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            sample();
            if (at === bytes.length) return controller.close();
            // A view: what a network layer holds is not ours.
            const part = bytes.subarray(at, at + SHARD_BYTES / 2);
            at += part.length;
            controller.enqueue(part);
            unfilled.set(name, bytes.length - at);
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body);
    };
    const never = deferred();
    const cache = {
      get: async () => undefined,
      delete: async () => undefined,
      keys: async () => [],
      // What is written is held until it is, and no longer.
      set: async (key: string, bytes: ArrayBuffer) => {
        if (!/^[\da-f]{64}$/.test(key)) return;
        seen.mostSets = Math.max(seen.mostSets, ++seen.sets);
        sample();
        if (disk === 'hanging' && bytes.byteLength > 1_000) await never.promise;
        await new Promise((resolve) => setImmediate(resolve));
        sample();
        seen.sets--;
      },
    };
    const notes: string[] = [];
    const { weights, whole } = downloadModel({ ...manifest, targets: { tfjs: { graph: graphAsset, refused: {} } } }, [graphAsset], {
      ...{ caching: Promise.resolve(cache), fetch: fetch as never },
      ...{ signal: new AbortController().signal, assetUrl: (_name: string, url: string) => url, onProgress: () => undefined },
      ...{ budgetBytes: Number.POSITIVE_INFINITY, note: (code: string) => void notes.push(code) },
    });
    const session = await engine.open({
      name: 'memory',
      graph: text.slice().buffer,
      weights,
      controlFlow: false,
    });
    await whole;
    sample();
    console.log(
      `${kind}, ${disk} disk: ${((seen.peakBytes - uploadedBytes) / SHARD_BYTES).toFixed(2)} shards above the weights, of ${seen.samples} samples`,
    );
    expect(seen.samples).toBeGreaterThan(2 * SHARDS);
    expect(seen.peakBytes).toBeGreaterThan(uploadedBytes);
    expect(seen.peakBytes).toBeLessThan(uploadedBytes + 2 * SHARD_BYTES + 100_000);
    expect(seen.mostSets).toBeLessThanOrEqual(3);
    session.dispose();
    engine.dispose();
    never.resolve();
  });
});
