/** Targets in order, two at once if the first keeps everybody waiting: what either finds is used or disposed. */
import { expect, it } from 'vitest';
import type { Target } from '../../src/api/candidate.js';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Instance } from '../../src/runtime/served-model.js';
import type { Attempt } from '../../src/select/attempt.js';
import { firstRight } from '../../src/select/first-right.js';
import { type Deferred, deferred, rejection, rest } from '../fixtures/fakes.js';

const targets = (['wasm', 'webgpu', 'cpu'] as const).map((backend): Target => ({ engine: 'tfjs', backend }));

/** Attempts that end when a test says so. */
function setup(patience: Promise<unknown> = new Promise(() => undefined)) {
  const asked = new Map<BackendName, Deferred<Attempt>>();
  const closed: BackendName[] = [];
  const attempt = ({ backend }: Target) => {
    const attempting = deferred<Attempt>();
    asked.set(backend, attempting);
    return attempting.promise;
  };
  const accept = (backend: BackendName) => {
    const accepted = { backend, engine: 'tfjs', dispose: () => closed.push(backend) } as unknown as Instance;
    asked.get(backend)?.resolve({ accepted, measured: {} });
  };
  const found = firstRight(targets, attempt, patience, new AbortController().signal);
  return { asked, closed, accept, found };
}

it('begins no other target if one failed with what no other could mend', async () => {
  const { asked, found } = setup();
  asked.get('wasm')?.reject(new Error('There are no bytes.'));
  expect(await rejection(found)).toMatchObject({ message: 'There are no bytes.' });
  await rest();
  expect([...asked.keys()]).toEqual(['wasm']);
});

it.each(['wasm', 'webgpu'] as const)('of two under way takes the right one, though %s failed for good', async (failed) => {
  const { asked, accept, found } = setup(Promise.resolve());
  await rest();
  const other = failed === 'wasm' ? 'webgpu' : 'wasm';
  asked.get(failed)?.reject(new Error('There are no bytes.'));
  await rest();
  accept(other);
  expect((await found).instance?.backend).toBe(other);
  expect([...asked.keys()]).toEqual(['wasm', 'webgpu']);
});

it('closes the one that is right too late', async () => {
  const { accept, closed, found } = setup(Promise.resolve());
  await rest();
  accept('webgpu');
  expect((await found).instance?.backend).toBe('webgpu');
  accept('wasm');
  await rest();
  expect(closed).toEqual(['wasm']);
});
