/** Counts in a page how many times one run of a graph dispatches work to the GPU. */
import { DTYPES } from '../../src/base/dtype.js';
import type { Engine } from '../../src/engines/engine.js';
import { start } from '../../src/engines/tfjs/webgpu.js';
import type { Feed } from '../../src/preprocess/feed.js';

let dispatched = 0;

const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...sizes) {
  dispatched++;
  return dispatchWorkgroups.apply(this, sizes);
};

let engine: Promise<Engine> | undefined;

/** @param place the address of a folder with the graph, `run.json` and the weights */
async function dispatchesOf(place: string): Promise<number> {
  const load = async (name: string) => (await fetch(`${place}/${name}`)).arrayBuffer();
  const { shards, controlFlow, feeds, outputs } = JSON.parse(new TextDecoder().decode(await load('run.json')));
  engine ??= start({});
  const weights = await Promise.all(Array.from({ length: shards }, (_, index) => load(`${index}.bin`)));
  const session = await (await engine).open({ name: 'counted', graph: await load('graph.json'), weights, controlFlow });
  const given = (feeds as (Omit<Feed & { kind: 'tensor' }, 'data'> & { readonly data: readonly number[] })[]).map(
    (feed): Feed => ({ ...feed, data: DTYPES[feed.dtype].from(feed.data) as never }),
  );
  dispatched = 0;
  try {
    await session.run({ feeds: given, outputs, deadlineMs: Number.POSITIVE_INFINITY });
    return dispatched;
  } finally {
    session.dispose();
  }
}

Object.assign(globalThis, { dispatchesOf });
