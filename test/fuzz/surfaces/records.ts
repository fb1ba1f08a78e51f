/** What a cache kept of earlier visits: another version wrote it, a disk let it rot, an extension changed it. */
import fc from 'fast-check';
import type { WeightsCache } from '../../../src/api/cache.js';
import { isSameTarget, reasonsOf, type Target } from '../../../src/api/candidate.js';
import { allAssetsOf } from '../../../src/manifest/assets.js';
import { CrashMark } from '../../../src/select/crash-mark.js';
import { MAX_AGE_MS, readChoice } from '../../../src/select/remembered.js';
import { Recording } from '../../../src/storage/recording.js';
import { cacheStatus, clearCache, isOfflineReady } from '../../../src/storage/status.js';
import { fakeModel } from '../../fixtures/fakes.js';
import { memoryCache } from '../../fixtures/memory-cache.js';
import { changed, jsonPoison, stained } from '../mutation.js';
import { surface } from '../surface.js';

const HASH = 'abc';
const MANIFEST = { ...fakeModel().manifest, hash: HASH };
const PAIRS: readonly Target[] = (['wasm', 'webgpu', 'cpu'] as const).map((backend) => ({ engine: 'tfjs', backend }));

/** Good ones, by the beginning of their keys. */
const records = (now: number): readonly (readonly [key: string, value: unknown])[] => [
  [
    'choice:',
    {
      chosen: PAIRS[0],
      selection: [
        { ...PAIRS[0], state: 'chosen', p50Ms: 3 },
        { ...PAIRS[1], state: 'refused', reason: 'No adapter.' },
      ],
      adapter: 'a gpu',
      untilMs: now + MAX_AGE_MS / 2,
    },
  ],
  ['crash:', [now - 100_000, now - 90_000]],
  ['model:', { name: 'pose', version: '1', assets: [{ sha256: 'a'.repeat(64), bytes: 40 }], usedAtMs: now - 1_000, complete: true }],
];

const encoded = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value) ?? '');

const damaged = fc.nat({ max: 2 }).chain((which) => {
  const [key, good] = records(Date.now())[which]!;
  const bytes = fc.oneof(
    changed(fc.constant(good), jsonPoison).map(encoded),
    stained(fc.constant(encoded(good)), (whole) => whole).map(({ bytes: some }) => some),
  );
  return fc.record({ key: fc.constant(key), bytes });
});

/** A cache with one damaged record, under whatever key it is asked for. */
function cacheWith(prefix: string, bytes: Uint8Array): WeightsCache {
  const cache = memoryCache();
  const own = bytes.slice().buffer as ArrayBuffer;
  return {
    ...cache,
    get: async (key) => (key.startsWith(prefix) ? own.slice(0) : cache.get(key)),
    keys: async () => [`${prefix}other`, 'a'.repeat(64), ...(await cache.keys())],
  };
}

export const keptRecords = surface({
  name: 'records',
  share: 60,
  inputs: damaged,
  async feed({ key, bytes }) {
    const cache = cacheWith(key, bytes);
    const choice = await readChoice(cache, HASH, PAIRS);
    if (choice !== undefined) {
      // As autotuning takes it.
      for (const then of choice.selection) isSameTarget(then, PAIRS[0]!);
      reasonsOf(choice.selection).trim();
    }
    const mark = new CrashMark(cache, HASH, 'webgpu', 'a gpu');
    const reason = await mark.reason();
    (await mark.begin())();
    const { models, bytes: total } = await cacheStatus(cache);
    for (const { name, version, usedAt, complete } of models)
      if (`${name}${version}` === '' || Number.isNaN(usedAt.getTime()) || typeof complete !== 'boolean')
        throw new Error('A model of no kind.');
    if (!(total >= 0)) throw new Error(`The cache holds ${total} bytes.`);
    await isOfflineReady(MANIFEST, cache);
    const recording = new Recording(cache, MANIFEST, allAssetsOf(MANIFEST), { budgetBytes: 1e6, note: () => undefined });
    await recording.keep('b'.repeat(64), new ArrayBuffer(4));
    await recording.finish();
    await clearCache({ cache });
    return choice !== undefined || reason !== undefined || models.length > 0 ? 'accepted' : 'refused';
  },
});
