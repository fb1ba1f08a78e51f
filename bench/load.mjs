/**
 * From navigation start to outputs in JavaScript memory, MoveNet on wasm: a first visit with an empty
 * profile and a second one, against a page that has only TF.js's core, converter and wasm backend.
 */
import { readdirSync } from 'node:fs';
import { bundle, launch, resultOf, serve } from './site.mjs';
import { median, ratioText } from './statistics.mjs';

const html = (script, head = '') => `<!doctype html><title>bench</title>${head}<script type="module" src="${script}"></script>`;

export async function run(pairs = 15) {
  // The rival is bundled as an ordinary app bundles it, with everything that its packages register.
  await bundle('rival', { treeshake: true });
  const graph = readdirSync('examples/pose/model').find((name) => name.startsWith('graph-'));
  const site = await serve(
    { '/dist/': 'dist', '/model/': 'examples/pose/model', '/bench/': '.cache/bench', '/pages/': 'bench/pages' },
    { '/ours': html('/pages/ours.js'), '/rival': html('/bench/rival.js', `<link data-graph href="/model/${graph}">`) },
  );
  const browser = await launch();
  const visit = async (name) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const first = await resultOf(page, `${site.url}/${name}`);
    const second = await resultOf(page, `${site.url}/${name}?again`);
    await context.close();
    if (Math.abs(first.value - second.value) > 1e-6) throw new Error(`${name} answered ${first.value}, then ${second.value}`);
    return { first, second };
  };
  await visit('ours');
  await visit('rival');
  const rounds = [];
  for (let pair = 0; pair < pairs; pair++) {
    // A B B A: a drift of the machine's speed meets both sides alike.
    const order = pair % 2 === 0 ? ['ours', 'rival'] : ['rival', 'ours'];
    const round = {};
    for (const name of order) round[name] = await visit(name);
    rounds.push(round);
  }
  await browser.close();
  site.close();
  const of = (name, which, pick) => median(rounds.map((round) => pick(round[name][which])));
  const report = (which) => ({
    ratio: ratioText(rounds.map(({ ours, rival }) => ours[which].totalMs / rival[which].totalMs)),
    oursMs: of('ours', which, ({ totalMs }) => totalMs),
    rivalMs: of('rival', which, ({ totalMs }) => totalMs),
    sharesMs: Object.fromEntries(
      ['startMs', 'weightsMs', 'hashMs', 'openMs', 'goldenMs'].map((stage) => [
        stage,
        of('ours', which, ({ loadTiming }) => loadTiming[stage]),
      ]),
    ),
    predictMs: of('ours', which, ({ predictMs }) => predictMs),
  });
  return {
    what: 'navigation start to outputs, ours / tf.loadGraphModel, median of ratios [95 %]',
    pairs,
    firstVisit: report('first'),
    secondVisit: report('second'),
  };
}
