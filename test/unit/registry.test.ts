/** The table of engines: what its rows name is there, and each target has files of its own. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Target } from '../../src/api/candidate.js';
import { BACKENDS } from '../../src/base/backend-name.js';
import { importTarget } from '../../src/engines/local.js';
import { graphOf, graphsOf, visitorAssets } from '../../src/engines/own-graph.js';
import { ENGINES, refusalOf, rowOf, targetsOn } from '../../src/engines/registry.js';
import { compiledFake, fakeModel } from '../fixtures/fakes.js';

const { manifest } = fakeModel();

const rows = Object.entries(ENGINES).flatMap(([engine, { targets }]) =>
  Object.entries(targets).map(([backend, row]) => ({ engine, backend, ...row })),
);

it.each(rows)('$engine on $backend starts with the module that its worker is made of', async ({ engine, backend }) => {
  expect(existsSync(`src/engines/${engine}/${backend}.ts`)).toBe(true);
  const { start } = await importTarget({ engine, backend } as Target);
  const module = await import(`../../src/engines/${engine}/${backend}.ts`);
  expect(start).toBe(module.start);
});

it('names each shipped file once, and an address ends in the name', () => {
  const files = rows.flatMap(({ worker, binary }) => [worker, ...(binary === undefined ? [] : [binary])]);
  expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
  for (const { name, url } of files) expect(url().endsWith(`/${name}`)).toBe(true);
});

it('has a target for every backend, in the order asked for; cpu is the last resort', () => {
  expect(targetsOn(['cpu', 'webgpu'], manifest).map(({ backend }) => backend)).toEqual(['cpu', 'webgpu']);
  const last = targetsOn(BACKENDS, manifest).filter((target) => !rowOf(target).isRaced);
  expect(last.map(({ backend }) => backend)).toEqual(['cpu']);
});

it('runs a compiled model with the compiled engine on wasm, and with TF.js elsewhere', () => {
  const compiled = compiledFake();
  expect(targetsOn(BACKENDS, compiled)).toEqual([
    { engine: 'tfjs', backend: 'webgpu' },
    { engine: 'compiled', backend: 'wasm' },
    { engine: 'tfjs', backend: 'cpu' },
  ]);
  expect(graphsOf(compiled).map(({ name }) => name)).toEqual(['simd.wasm', 'tfjs.json']);
  expect(visitorAssets(compiled).map(({ name }) => name)).toEqual(['simd.wasm', '0.bin', '1.bin', '2.bin', 'golden.bin']);
  expect(graphOf('tfjs', compiled)?.name).toBe('tfjs.json');
});

it('runs a model that is not compiled with TF.js, and tells why that refuses it', () => {
  const uncompiled = {
    targets: { compiled: { refused: { wasm: 'it loops' } }, tfjs: { ...manifest.targets.tfjs, refused: { wasm: 'no kernel' } } },
  };
  const [target] = targetsOn(['wasm'], uncompiled);
  expect(target).toEqual({ engine: 'tfjs', backend: 'wasm' });
  expect(refusalOf(target!, uncompiled)).toBe('no kernel');
  expect(targetsOn(['wasm'], manifest)).toEqual([target]);
});
