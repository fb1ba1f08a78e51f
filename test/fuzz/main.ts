/**
 * The fuzzer as a program: round after round of all surfaces, in a process of its own, of which this one can tell also that it
 * hangs or ran out of memory. Prints a line for each surface; with `--json` each round also as one line of JSON.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { feed, type Order, type Report } from './feeding.js';
import { SURFACES } from './surfaces.js';

/** Of objects and texts; what arrays of numbers hold comes on top. */
const HEAP_MB = 512;

/** No input takes so long, on the slowest machine, but one that never ends. */
const STUCK_MS = 120_000;

/** One round of all surfaces. */
async function round(order: Order, tell: (line: string) => void): Promise<{ inputs: number; reports: Report[]; failures: string[] }> {
  const reports: Report[] = [];
  const failures: string[] = [];
  const again = (surface: string, path: string) => `Again: npm run fuzz -- --surface ${surface} --seed ${order.seed} --path ${path}`;
  const program = fileURLToPath(import.meta.url);
  const execArgv = ['--enable-source-maps', `--max-old-space-size=${HEAP_MB}`];
  const env = { ...process.env, PANNIER_FUZZ_FOLDER: dirname(order.progress) };
  const child = fork(program, ['--order', JSON.stringify(order)], { execArgv, env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('message', (report: Report) => {
    reports.push(report);
    const { surface, inputs, accepted, refused, failure } = report;
    tell(`${surface}: ${inputs} inputs, ${accepted} accepted, ${refused} refused${failure === undefined ? '' : ', 1 FAILED'}`);
    if (failure !== undefined) failures.push(`${failure.error}\nInput: ${failure.input}\n${again(surface, failure.path)}`);
  });
  let [where, sinceMs] = ['', performance.now()];
  const timer = setInterval(() => {
    const now = whereabouts(order);
    if (now !== where) [where, sinceMs] = [now, performance.now()];
    else if (performance.now() - sinceMs > STUCK_MS) child.kill('SIGKILL');
  }, 1_000);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once('exit', (...how) => resolve(how)));
  clearInterval(timer);
  // Where nothing is left to wait for, Node ends a process that waits, as if all were well.
  const wanted = order.only === undefined ? SURFACES.length : 1;
  if (code !== 0 || reports.length < wanted) {
    const [surface = '', input = '', shrinking] = whereabouts(order).trim().split(' ');
    const how =
      code === 0
        ? 'is waited for in vain'
        : signal === 'SIGKILL'
          ? `takes more than ${STUCK_MS} ms`
          : `ended the process (${signal ?? code})`;
    failures.push(`An input ${how}${shrinking === '-' ? ' while a failure was made smaller' : ''}.\n${again(surface, input)}`);
  }
  return { inputs: reports.reduce((sum, { inputs }) => sum + inputs, 0), reports, failures };
}

function whereabouts({ progress }: Order): string {
  try {
    return readFileSync(progress, 'utf8');
  } catch {
    // It has not begun.
    return '';
  }
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    inputs: { type: 'string', default: '20000' },
    rounds: { type: 'string' },
    surface: { type: 'string' },
    path: { type: 'string' },
    json: { type: 'boolean', default: false },
    order: { type: 'string' },
  },
});

async function main(folder: string): Promise<void> {
  const names = SURFACES.map(({ name }) => name);
  if (values.surface !== undefined && !names.includes(values.surface))
    throw new Error(`--surface is "${values.surface}"; one of ${names.join(', ')} is wanted.`);
  const rounds = Number(values.rounds ?? (values.seed === undefined ? Number.POSITIVE_INFINITY : 1));
  let inputs = 0;
  for (let count = 0; count < rounds; count++) {
    // A seed that was given is the first round's.
    const seed = count === 0 && values.seed !== undefined ? Number(values.seed) : Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    const order: Order = {
      seed,
      inputs: Number(values.inputs),
      only: values.surface,
      path: values.path,
      progress: join(folder, 'progress'),
    };
    const found = await round(order, (line) => console.log(`  ${line}`));
    inputs += found.inputs;
    const peakMB = Math.ceil(Math.max(0, ...found.reports.map(({ peakBytes }) => peakBytes)) / 2 ** 20);
    console.log(`${inputs} inputs until now, at most ${peakMB} MB of memory`);
    for (const failure of found.failures) console.log(`\n${failure}\n`);
    if (values.json) console.log(JSON.stringify({ seed, ...found }));
    if (found.failures.length > 0) {
      process.exitCode = 1;
      return;
    }
  }
}

if (values.order !== undefined) {
  // Not thrown: while it feeds, what nobody catches is taken for an input's fault.
  await feed(JSON.parse(values.order) as Order).catch((thrown) => {
    console.error(thrown);
    process.exit(1);
  });
} else {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-fuzz-'));
  await main(folder).finally(() => rmSync(folder, { recursive: true, force: true }));
}
