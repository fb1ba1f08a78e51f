/** What Pannier adds to one call on the page's thread: around nothing, and as a ratio to the raw graph model. */
import { bundle, launch, resultOf, serve } from './site.mjs';
import { interval, median, ratioText } from './statistics.mjs';

export async function run(rounds = 60) {
  await bundle('overhead', { external: ['/model/model.js'] });
  const site = await serve(
    { '/dist/': 'dist', '/model/': 'examples/pose/model', '/bench/': '.cache/bench' },
    { '/overhead': '<!doctype html><title>bench</title><script type="module" src="/bench/overhead.js"></script>' },
  );
  const browser = await launch();
  const page = await browser.newPage();
  const { instantMs, rounds: times } = await resultOf(page, `${site.url}/overhead?rounds=${rounds}`);
  await browser.close();
  site.close();
  return {
    what: 'one predict with an int32 [1, 192, 192, 3] input, page thread, wasm',
    aroundNothingMs: { median: median(instantMs), interval95: interval(instantMs) },
    rawRatio: ratioText(times.map(([ours, raw]) => ours / raw)),
    rounds,
  };
}
