/**
 * The process of the GPU crashes at random moments under random load: every predict has to settle, right or
 * with a typed error, and the model has to come back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, serve } from '../../bench/site.mjs';
import { median } from '../../bench/statistics.mjs';
import { pack } from '../../dist/pack.js';
import { SOFTWARE_WEBGPU } from '../../scripts/browsers.mjs';
import { modelFile } from '../conformance/models.mjs';

/**
 * A real network, from convolutions to softmax, of 13 MFLOP: on a GPU in software a call takes some 50 ms, so that
 * crashes meet it at work. MoveNet takes seconds, and its shaders longer to compile than all that is looked at here.
 */
const MODEL = 'liveness';

/** A browser whose GPU crashes so often would end itself. */
const FLAGS = [...SOFTWARE_WEBGPU, '--disable-gpu-process-crash-limit'];

const PICTURES = 8;

/** Largest difference from the cpu backend's answer that is none, of outputs from 0 to 1. */
const TOLERANCE = 1e-3;

const MAX_IN_FLIGHT = 32;
const LATEST_MS = 300;

/** Above the model's own deadline of 30 s: what has not settled by then never will. */
const HUNG_MS = 45_000;

/** Until a crash is noticed. */
const LIMIT_MS = 20_000;

/** @returns counts of what became of all predicts, how long it took to come back, and whether that passes */
export async function run({ crashes = 20, seed = Date.now() % 2 ** 31, print = console.log } = {}) {
  print(`${crashes} crashes, seed ${seed}`);
  const random = randomFrom(seed);
  await pack({ model: modelFile(MODEL), out: '.cache/soak/model', name: MODEL });
  const folders = { '/dist/': 'dist', '/model/': '.cache/soak/model', '/soak/': 'test/soak' };
  const site = await serve(folders, { '/': '<!doctype html><title>soak</title>' });
  const browser = await launch(FLAGS);
  try {
    const page = await browser.newPage();
    // Vitest rewrites an `import()` in code of its own.
    await page.addInitScript({ content: 'globalThis.importModule = (url) => import(url);' });
    const inPage = (name, given) =>
      page.evaluate(async ({ name, given }) => (await globalThis.importModule('/soak/page.js'))[name](given), { name, given });
    await page.goto(site.url);
    const right = await inPage('reference', PICTURES);
    checkApart(right);
    const session = await page.context().newCDPSession(page);
    const rounds = [];
    while (rounds.length < crashes) {
      const inFlight = 1 + Math.floor(random() * MAX_IN_FLIGHT);
      const delayMs = Math.floor(random() * LATEST_MS);
      // As a visitor's reload: the browser, which forgives one crash in two minutes, gives adapters again.
      await page.reload();
      const began = await inPage('begin');
      const working = inPage('work', { inFlight, right, tolerance: TOLERANCE, hungMs: HUNG_MS, limitMs: LIMIT_MS });
      await sleep(delayMs);
      const crashedAtMs = Date.now();
      await session.send('Browser.crashGpuProcess');
      const answers = await working;
      const back = answers.find(({ kind, isLater }) => kind === 'right' && isLater);
      rounds.push({ answers, recoveryMs: back === undefined ? undefined : back.atMs - crashedAtMs });
      const recovery = back === undefined ? 'did not come back' : `right on ${back.backend} ${back.atMs - crashedAtMs} ms later`;
      print(
        `${rounds.length}: ${inFlight} in flight on ${began}, crash after ${delayMs} ms: ${JSON.stringify(countsOf(answers))}, ${recovery}`,
      );
    }
    return summary(rounds, crashes, seed);
  } finally {
    await browser.close();
    site.close();
  }
}

function summary(rounds, crashes, seed) {
  const answers = rounds.flatMap((round) => round.answers);
  const { right = 0, wrong = 0, hung = 0, ...errors } = countsOf(answers);
  const recoveries = rounds.flatMap(({ recoveryMs }) => recoveryMs ?? []).sort((a, b) => a - b);
  return {
    what: `crashes of the GPU's process under ${MODEL} on SwiftShader; recovery: from a crash to the first right answer of the model opened again`,
    ...{ crashes, seed, recovered: recoveries.length, predicts: answers.length, right, wrong, hung, errors },
    recoveryMs: recoveries.length > 0 && {
      p50: median(recoveries),
      p95: recoveries[Math.ceil(0.95 * recoveries.length) - 1],
      max: recoveries.at(-1),
    },
    // One that nobody noticed, or came back from, shows nothing.
    passes: wrong === 0 && hung === 0 && recoveries.length === crashes && !Object.keys(errors).some((kind) => kind.startsWith('untyped')),
  };
}

function countsOf(answers) {
  const counts = {};
  for (const { kind } of answers) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** An answer that went to another's question would be taken for right. */
function checkApart(answers) {
  for (const [index, one] of answers.entries())
    for (const other of answers.slice(0, index))
      if (one.every((value, at) => Math.abs(value - other[at]) <= 2 * TOLERANCE)) throw new Error('Two pictures have one answer.');
}

/** From 0 to 1, by Park and Miller's minimal standard generator. */
function randomFrom(seed) {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
