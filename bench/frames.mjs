/**
 * How late animation frames come while a model loads, tries its backends and predicts: ours in a worker on a first and
 * a second visit, against TF.js's wasm backend on the page's thread, and each page at rest. On few cores a frame may
 * also be late because another process has them: the trace tells how long the page's own thread was on a core
 * meanwhile, and for how long the GPU process was at one task. Its WebGPU is in software and is not raced.
 */
import { SOFTWARE_WEBGPU } from '../scripts/browsers.mjs';
import { packed } from '../test/conformance/reference.mjs';
import { tasksOf, traced } from './main-thread.mjs';
import { build, launch, resultOf, serve, unpack } from './site.mjs';

/** Of a display, and of Chromium where there is none. */
const PERIOD_MS = 1000 / 60;

/** A frame is late when it comes this much after it was due. */
const LATE_MS = 50;

/** Of a trial, several stages may take their 20 s. */
const VISIT_LIMIT_MS = 300_000;

const VISITS = { firstVisit: 'ours', secondVisit: 'ours', rival: 'rival' };

export async function run(rounds = 3, predicts = 50) {
  await build(['frames'], { external: ['/packed/model.js'] });
  const { folder } = await packed('centernet');
  unpack(folder, '.cache/bench/model');
  const site = await serve({ '/dist/': 'dist', '/packed/': folder, '/model/': '.cache/bench/model', '/': '.cache/bench/pages' }, {});
  const browser = await launch(SOFTWARE_WEBGPU);
  const seen = Object.fromEntries(Object.keys(VISITS).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext();
    for (const [name, side] of Object.entries(VISITS)) {
      const page = await context.newPage();
      const address = `${site.url}/frames.html?side=${side}&predicts=${predicts}`;
      const { result, traceEvents } = await traced(browser, page, () => resultOf(page, address, VISIT_LIMIT_MS));
      seen[name].push({ ...result, tasks: tasksOf(traceEvents, 'bench', result.zeroMs) });
      await page.close();
    }
    await context.close();
  }
  await browser.close();
  site.close();
  const values = new Set(Object.values(seen).flatMap((visits) => visits.map(({ value }) => value)));
  if (values.size !== 1) throw new Error(`The two sides answered ${[...values].join(', ')}`);
  return {
    what: `animation frames that come more than ${LATE_MS} ms late; CenterNet, ${predicts} predicts of a photograph, one a frame`,
    rounds,
    selection: seen.firstVisit.at(-1).selection.map(({ backend, state, p50Ms, reason }) => ({ backend, state, p50Ms, reason })),
    firstVisit: phasesOf(seen.firstVisit),
    secondVisit: phasesOf(seen.secondVisit),
    rival: phasesOf(seen.rival),
  };
}

const phasesOf = (visits) =>
  Object.fromEntries(visits[0].phases.map(({ name }) => [name, together(visits.map((visit) => phaseOf(visit, name)))]));

/** One phase of one visit: the frames, and all that held the page's thread. */
function phaseOf({ frames, phases, tasks, longTasks, longFrames }, name) {
  const { startMs, endMs } = phases.find((phase) => phase.name === name);
  const meets = (fromMs, toMs) => (each) => each.startMs < toMs && (each.endMs ?? each.startMs + each.durationMs) > fromMs;
  const times = frames.filter((atMs) => atMs >= startMs && atMs <= endMs);
  const gaps = times.slice(1).map((toMs, index) => {
    const during = meets(times[index], toMs);
    const coreMs = tasks.page.filter(during).reduce((sum, task) => sum + task.coreMs, 0);
    const gpuTaskMs = Math.max(0, ...tasks.gpu.filter(during).map(({ ms }) => ms));
    return { lateMs: toMs - times[index] - PERIOD_MS, coreMs, gpuTaskMs };
  });
  return {
    gaps,
    tasks: tasks.page.filter(meets(startMs, endMs)),
    longTasks: longTasks.filter(meets(startMs, endMs)),
    scripts: longFrames.filter(meets(startMs, endMs)).flatMap(({ scripts }) => scripts),
  };
}

function together(phases) {
  const all = (field) => phases.flatMap((phase) => phase[field]);
  const late = all('gaps').filter(({ lateMs }) => lateMs > LATE_MS);
  const longest = all('tasks').reduce((most, task) => (task.coreMs > most.coreMs ? task : most));
  return {
    frames: all('gaps').length,
    late: late.length,
    // Of these, all that would have been late on a machine with nothing else to do.
    lateByOwnThread: late.filter(({ coreMs }) => coreMs > LATE_MS).length,
    // And these came while the thread that draws pages was at something else.
    lateByGpuProcess: late.filter(({ gpuTaskMs }) => gpuTaskMs > LATE_MS).length,
    worstMs: rounded(Math.max(...all('gaps').map(({ lateMs }) => lateMs))),
    longestTaskMs: rounded(longest.ms),
    longestTaskOnCoreMs: rounded(longest.coreMs),
    longTasks: all('longTasks').length,
    longScripts: threeLongest(all('scripts')),
  };
}

/** `invoker, file: ms` of what ran longest within long animation frames. */
const threeLongest = (scripts) =>
  scripts
    .toSorted((one, other) => other.durationMs - one.durationMs)
    .slice(0, 3)
    .map(({ invoker, sourceURL, durationMs }) => `${invoker}, ${sourceURL.split('/').at(-1)}: ${Math.round(durationMs)} ms`);

const rounded = (ms) => Number(ms.toFixed(1));
