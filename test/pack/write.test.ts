/** A packed folder is whole at every moment: through a kill, a full disk, a foreign file. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { allAssetsOf } from '../../src/manifest/assets.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { LOCK, whileLocked } from '../../src/pack/out/lock.js';
import { STAMP_FILE } from '../../src/pack/out/write.js';
import { addModel, realModel, scratch, writeModel } from '../fixtures/models.js';
import { LONG_MS, runs } from '../tier.js';
import { bundleProgram } from './program.js';

const folder = scratch();
let turn = 0;

/** Loads what model.js names now. @throws when a file is missing or not what its hash says */
async function whole(out: string): Promise<string> {
  const copy = join(folder, `copy-${turn++}.mjs`);
  writeFileSync(copy, readFileSync(join(out, 'model.js')));
  const manifest: Manifest = (await import(copy)).default;
  for (const { name, sha256 } of [manifest.graph, ...allAssetsOf(manifest)]) {
    expect(
      createHash('sha256')
        .update(readFileSync(join(out, name)))
        .digest('hex'),
    ).toBe(sha256);
  }
  return manifest.version;
}

/** A model of two large shards, whose weights begin with `first`. */
const model = (first: number) =>
  writeModel(
    addModel(
      [1, 2 ** 20],
      Float32Array.from({ length: 2 ** 20 }, (_, index) => first + index),
    ),
    join(folder, `m${first}`),
  );

const stage = { 1: join(folder, 'one'), 2: join(folder, 'two') };
const script = join(folder, 'program/emit.js');

/** Writes a staged model into a folder as soon as it is told to. */
const EMIT = `import { readdirSync, readFileSync } from 'node:fs';
import { writeFiles } from './write.js';
const [from, out] = process.argv.slice(2);
const files = new Map(readdirSync(from).map((name) => [name, readFileSync(from + '/' + name)]));
process.stdout.write('ready');
process.stdin.once('data', async () => {
  await writeFiles(out, files);
  process.exit(0);
});
`;

beforeAll(async () => {
  bundleProgram(join(folder, 'program'), { write: 'src/pack/out/write.ts' });
  writeFileSync(script, EMIT);
  for (const version of [1, 2] as const) await pack({ model: model(version), out: stage[version], name: 'm', version: `${version}` });
});

/** Starts a writer and waits until it has read its model; `go` has it write, until its end or for so long. */
async function writer(version: 1 | 2, out: string): Promise<(killAfterMs?: number) => Promise<'written' | 'failed' | 'killed'>> {
  const child = spawn(process.execPath, [script, stage[version], out], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`The writer ended with ${code} before it had read its model.`)));
  });
  return (killAfterMs) =>
    new Promise((resolve) => {
      child.stdin.write('go');
      if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      child.once('exit', (code, signal) => resolve(signal === 'SIGKILL' ? 'killed' : code === 0 ? 'written' : 'failed'));
    });
}

it(
  'B10: kill -9 at any moment leaves a whole model',
  async () => {
    const out = join(folder, 'killed');
    const emit = async (version: 1 | 2, killAfterMs?: number) => (await writer(version, out))(killAfterMs);
    expect(await emit(1)).toBe('written');
    expect(await whole(out)).toBe('1');
    let killed = 0;
    for (let round = 0; round < runs(1_000, 14); round++) {
      if ((await emit(round % 2 === 0 ? 2 : 1, (round % 7) * 2)) === 'killed') killed++;
      await whole(out);
    }
    expect(killed).toBeGreaterThan(3);
    expect(await emit(1)).toBe('written');
    expect(await whole(out)).toBe('1');
    expect(readdirSync(out).sort()).toEqual(readdirSync(stage[1]).sort());
  },
  LONG_MS,
);

it(
  'processes that write one folder at once leave the whole model of one of them, whichever is killed',
  async () => {
    for (let round = 0; round < runs(300, 6); round++) {
      const out = join(folder, `raced-${round % 2}`);
      const [first, second, third] = await Promise.all([writer(1, out), writer(2, out), writer(1, out)]);
      const ended = await Promise.all([first(), second(), third(round % 3 === 0 ? (round % 9) * 2 : undefined)]);
      expect(ended.slice(0, 2)).toEqual(['written', 'written']);
      expect(ended[2]).not.toBe('failed');
      const version = await whole(out);
      // One that was killed last may have left what the next pack takes away.
      if (ended[2] === 'killed') expect(await (await writer(version === '1' ? 1 : 2, out))()).toBe('written');
      expect(readdirSync(out).sort()).toEqual(readdirSync(version === '1' ? stage[1] : stage[2]).sort());
    }
  },
  LONG_MS,
);

it('an owner of the lock that ended holds nobody up, one that is silent not for long, one that works as long as it works', async () => {
  const out = join(folder, 'locked');
  const { pid: ended } = spawnSync(process.execPath, ['--version']);
  const owners = [`${ended}-gone`, `${process.ppid}-silent`, 'no-number'];
  for (const owner of owners) {
    mkdirSync(join(out, LOCK), { recursive: true });
    writeFileSync(join(out, LOCK, owner), '');
    expect(await whileLocked(out, async () => readdirSync(join(out, LOCK)).includes(owner), 5)).toBe(false);
    expect(readdirSync(out)).toEqual([]);
  }
  const turns: string[] = [];
  const turn = (name: string, ms: number) =>
    whileLocked(
      out,
      async () => {
        turns.push(`${name} begins`);
        await sleep(ms);
        turns.push(`${name} ends`);
      },
      50,
    );
  // Ten silent beats would be 500 ms.
  const long = turn('long', 1_200);
  while (turns.length === 0) await sleep(1);
  await Promise.all([long, turn('short', 0)]);
  expect(turns).toEqual(['long begins', 'long ends', 'short begins', 'short ends']);
  await expect(whileLocked(out, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(readdirSync(out)).toEqual([]);
});

it('a disk that fills up half-way leaves the old model and no litter', async () => {
  const out = join(folder, 'full');
  await pack({ model: model(1), out, version: '1' });
  const before = readdirSync(out).sort();
  // A limit on the size of files, below that of a shard, makes writes fail as a full disk does.
  const args = [realModel('liveness'), '--out', out].map((arg) => `'${arg}'`).join(' ');
  const { status, stderr } = spawnSync('bash', ['-c', `ulimit -f 200; '${process.execPath}' '${folder}/program/cli.js' pack ${args}`], {
    encoding: 'utf8',
  });
  // On a slow machine, lines tell what takes long.
  expect(stderr).toMatch(
    /^(?:liveness: .*\n)*pannier: .* cannot be written: EFBIG: .*What was there before still works\. \(node_modules\/pannier\/docs\/errors\.md#options\)\n$/,
  );
  expect(status).toBe(1);
  expect(await whole(out)).toBe('1');
  expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await pack({ model: model(1), out, version: '1' });
  expect(readdirSync(out).sort()).toEqual(before);
});

it('whoever has opened a file reads the old one to its end', async () => {
  const out = join(folder, 'open');
  await pack({ model: model(1), out, version: '1' });
  const before = readFileSync(join(out, 'model.js'), 'utf8');
  const reader = openSync(join(out, 'model.js'), 'r');
  await pack({ model: model(2), out, version: '2' });
  expect(readFileSync(reader, 'utf8')).toBe(before);
  closeSync(reader);
  expect(await whole(out)).toBe('2');
});

it('removes the assets of the model before, and nothing else', async () => {
  const out = join(folder, 'updated');
  mkdirSync(out);
  const { pid: ended } = spawnSync(process.execPath, ['--version']);
  // Another process that packs there now has still to give its file a name.
  const running = `.pannier-${process.ppid}-model.js.tmp`;
  for (const name of ['notes.md', 'weights-mine.bin', `.pannier-${ended}-model.js.tmp`, running]) writeFileSync(join(out, name), 'x');
  const first = await pack({ model: model(1), out });
  const second = await pack({ model: model(2), out });
  expect(first.files.some((name) => !second.files.includes(name))).toBe(true);
  expect(readdirSync(out).sort()).toEqual([...second.files, STAMP_FILE, 'notes.md', 'weights-mine.bin', running].sort());
});

it('leaves a model.js of somebody else alone', async () => {
  const out = join(folder, 'foreign');
  mkdirSync(out);
  writeFileSync(join(out, 'model.js'), 'export default 1;\n');
  await expect(pack({ model: model(1), out })).rejects.toMatchObject({
    code: 'options',
    message: expect.stringContaining('was not written by pannier pack and stays'),
  });
  expect(readdirSync(out)).toEqual(['model.js']);
});
