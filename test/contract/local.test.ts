/** Whose TF.js lives in a realm. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const realm = globalThis as { _tfengine?: unknown };

beforeEach(() => {
  vi.resetModules();
  delete realm._tfengine;
});
afterEach(() => vi.doUnmock('../../src/engines/tfjs/engine.js'));

it('ours takes no realm, not while it starts either', async () => {
  const { isRealmTaken, startLocalEngine } = await import('../../src/engines/local.js');
  expect(isRealmTaken()).toBe(false);
  const engine = await startLocalEngine('cpu', Promise.resolve({}));
  expect(realm._tfengine).toBeDefined();
  expect(isRealmTaken()).toBe(false);
  engine.dispose();
});

it("the app's does: before ours, after ours did not arrive, in place of ours", async () => {
  realm._tfengine = {};
  vi.doMock('../../src/engines/tfjs/engine.js', () => {
    throw new Error('offline');
  });
  const { isRealmTaken, startLocalEngine } = await import('../../src/engines/local.js');
  expect(isRealmTaken()).toBe(true);
  delete realm._tfengine;
  vi.doMock('../../src/engines/tfjs/cpu.js', () => {
    throw new Error('offline');
  });
  await expect(startLocalEngine('cpu', Promise.resolve({}))).rejects.toThrow();
  realm._tfengine = {};
  expect(isRealmTaken()).toBe(true);
});
