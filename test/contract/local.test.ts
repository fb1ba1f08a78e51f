/** Whose TF.js lives in a realm. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const realm = globalThis as { _tfengine?: unknown };
const CPU = { engine: 'tfjs', backend: 'cpu' } as const;

beforeEach(() => {
  vi.resetModules();
  delete realm._tfengine;
});
afterEach(() => vi.doUnmock('../../src/engines/tfjs/cpu.js'));

it('ours takes no realm, not while it starts either', async () => {
  const { isRealmTaken, startLocalEngine } = await import('../../src/engines/local.js');
  expect(isRealmTaken(CPU)).toBe(false);
  const engine = await startLocalEngine(CPU, Promise.resolve({}));
  expect(realm._tfengine).toBeDefined();
  expect(isRealmTaken(CPU)).toBe(false);
  engine.dispose();
});

it("the app's does: before ours, after ours did not arrive, in place of ours", async () => {
  realm._tfengine = {};
  const { isRealmTaken, startLocalEngine } = await import('../../src/engines/local.js');
  expect(isRealmTaken(CPU)).toBe(true);
  delete realm._tfengine;
  vi.doMock('../../src/engines/tfjs/cpu.js', () => {
    throw new Error('offline');
  });
  await expect(startLocalEngine(CPU, Promise.resolve({}))).rejects.toThrow();
  realm._tfengine = {};
  expect(isRealmTaken(CPU)).toBe(true);
  vi.doUnmock('../../src/engines/tfjs/cpu.js');
  delete realm._tfengine;
  (await startLocalEngine(CPU, Promise.resolve({}))).dispose();
  expect(isRealmTaken(CPU)).toBe(false);
  realm._tfengine = {};
  expect(isRealmTaken(CPU)).toBe(true);
});
