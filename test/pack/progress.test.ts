/** What a pack says while it takes long: nothing for two seconds, then what is done now. */

import { spawnSync } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../src/pack/progress.js';
import { Packing } from '../../src/plugin/packing.js';
import { scratch } from '../fixtures/models.js';
import { bundleProgram } from './program.js';

const folder = scratch();

/** Threads of the plugin, which answer when the test says so. */
const threads: EventEmitter[] = [];
vi.mock('node:worker_threads', async () => {
  const { EventEmitter } = await import('node:events');
  return {
    Worker: class extends EventEmitter {
      terminate = async () => 0;
      constructor() {
        super();
        threads.push(this);
      }
    },
  };
});

describe('lines', () => {
  const lines: string[] = [];
  const progress = new Progress((line) => lines.push(line));
  beforeEach(() => {
    vi.useFakeTimers();
    lines.length = 0;
  });
  afterEach(() => {
    progress.end();
    vi.useRealTimers();
  });

  it('come after two seconds and every five, with the step that runs', () => {
    progress.step('pose', 'reading the model');
    vi.advanceTimersByTime(1_000);
    progress.step('pose', 'running the golden sample');
    vi.advanceTimersByTime(11_000);
    progress.step('pose', 'writing files');
    vi.advanceTimersByTime(5_000);
    expect(lines).toEqual([
      'pose: running the golden sample, 2 s',
      'pose: running the golden sample, 7 s',
      'pose: running the golden sample, 12 s',
      'pose: writing files, 17 s',
    ]);
  });
  it('do not come for packs that are over sooner, however many there are', () => {
    for (const model of ['a', 'b', 'c']) {
      progress.step(model, 'reading the model');
      vi.advanceTimersByTime(1_900);
    }
    progress.end();
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual([]);
  });
  it('come from the thread of a plugin, to its end; an absent source is told of once', async () => {
    const packing = new Packing({ config: 'pannier.config.mjs' }, folder);
    for (const warnings of [['"pose": x is absent'], []]) {
      const packed = packing.pack((line) => lines.push(line));
      await vi.waitFor(() => expect(threads).toHaveLength(1));
      const thread = threads.pop() as EventEmitter;
      for (const message of ['config', 'models', { model: 'pose', step: 'reading the model' }]) thread.emit('message', message);
      await vi.advanceTimersByTimeAsync(8_000);
      const nothing = { models: [], sources: [], packed: [], warnings: [], failures: [] };
      thread.emit('message', { ...nothing, absent: ['"pose": x is absent'] });
      expect((await packed).warnings).toEqual(warnings);
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(lines).toEqual([
      'pose: reading the model, 2 s',
      'pose: reading the model, 7 s',
      'pose: reading the model, 2 s',
      'pose: reading the model, 7 s',
    ]);
  });
});

/** Holds up its thread, as TF.js does, until a line was printed. */
const BUSY = `import { statSync } from 'node:fs';
import { withProgress } from './progress.js';
const [said] = process.argv.slice(2);
await withProgress(async (onStep) => {
  onStep('po\\u001b[2Jse', 'running the golden sample');
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (statSync(said).size === 0) Atomics.wait(sleeper, 0, 0, 50);
});
process.stderr.write('done');
`;

it('the program prints a line although its thread is held up, and ends', () => {
  const program = join(folder, 'program');
  bundleProgram(program, { progress: 'apps/cli/progress.ts' });
  writeFileSync(join(program, 'busy.js'), BUSY);
  const said = join(folder, 'said.txt');
  const { status } = spawnSync(process.execPath, [join(program, 'busy.js'), said], {
    stdio: ['ignore', 'inherit', openSync(said, 'w')],
    timeout: 60_000,
  });
  expect([status, readFileSync(said, 'utf8')]).toEqual([0, 'pose: running the golden sample, 2 s\ndone']);
});
