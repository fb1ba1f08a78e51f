/** What Pannier adds to one call on the page's thread: around nothing, and as a ratio to the raw graph model. */
import { bundle, launch, resultOf, serve } from './site.mjs';
import { interval, median, ratioText } from './statistics.mjs';

export async function run(rounds = 60) {
  await bundle('overhead', { external: ['/model/model.js'] });
  const site = await serve(
    { '/dist/': 'dist', '/model/': 'examples/pose/model', '/bench/': '.cache/bench' },
    { '/overhead': '<!doctype html><title>bench</title><script type="module" src="/bench/overhead.js"></script>' },
  );
  // The package's own wasm address is beside its files; here its code lies in the bench's bundle.
  const browser = await launch();
  const page = await browser.newPage();
  await page.route('**/bench/tfjs-backend-wasm-simd.wasm', (route) =>
    route.fulfill({ path: 'dist/tfjs-backend-wasm-simd.wasm', contentType: 'application/wasm' }),
  );
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
