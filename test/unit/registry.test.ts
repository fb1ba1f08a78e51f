/** The table of engines: what its rows name is there, and each target has files of its own. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BACKENDS } from '../../src/base/backend-name.js';
import { ENGINES, rowOf, targetsOn } from '../../src/engines/registry.js';

const rows = Object.entries(ENGINES).flatMap(([engine, { targets }]) =>
  Object.entries(targets).map(([backend, row]) => ({ engine, backend, ...row })),
);

it.each(rows)('$engine on $backend starts with the module that its worker is made of', async ({ engine, backend, load }) => {
  expect(existsSync(`src/engines/${engine}/${backend}.ts`)).toBe(true);
  const { start } = await load();
  const module = await import(`../../src/engines/${engine}/${backend}.ts`);
  expect(start).toBe(module.start);
});

it('names each shipped file once, and an address ends in the name', () => {
  const files = rows.flatMap(({ worker, binary }) => [worker, ...(binary === undefined ? [] : [binary])]);
  expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
  for (const { name, url } of files) expect(url().endsWith(`/${name}`)).toBe(true);
});

it('has a target for every backend, in the order asked for; cpu is the last resort', () => {
  expect(targetsOn(['cpu', 'webgpu']).map(({ backend }) => backend)).toEqual(['cpu', 'webgpu']);
  const last = targetsOn(BACKENDS).filter((target) => !rowOf(target).isRaced);
  expect(last.map(({ backend }) => backend)).toEqual(['cpu']);
});
