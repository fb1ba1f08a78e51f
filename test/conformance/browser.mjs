/** A model in a real browser, by the files that apps get: what one backend answers, whatever the golden sample says of it. */
import { chromium } from 'playwright-core';
import { serve } from '../../bench/site.mjs';
import { FLAGS, findChromium } from '../../scripts/browsers.mjs';

const SWIFTSHADER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

/** Starts the browser; the caller closes it. */
export const launch = () => chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...SWIFTSHADER] });

/** Opens a page that can `ask`; both are gone after `use`. */
export async function withModel(browser, folder, feeds, use) {
  const site = await serve({ '/dist/': 'dist', '/model/': folder }, { '/': '<!doctype html><title>conformance</title>' });
  const page = await browser.newPage();
  try {
    await page.addInitScript({ content: 'globalThis.importModule = (url) => import(url);' });
    await page.goto(`${site.url}/`);
    const given = feeds.map(({ data, ...feed }) => ({
      ...feed,
      text: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    }));
    return await use((backends, judged) => page.evaluate(answer, { feeds: given, backends, judged }));
  } finally {
    await page.close();
    site.close();
  }
}

/**
 * In the page: outputs of one call, values as base64, and what became of each backend.
 * With `judged: false` nothing is held against the golden sample, so that a wrong answer comes through.
 */
async function answer({ feeds, backends, judged }) {
  const { default: source } = await globalThis.importModule('/model/model.js');
  const { loadModel } = await globalThis.importModule('/dist/index.js');
  const inputs = {};
  for (const { input, kind, dtype, text, ...size } of feeds) {
    const { buffer } = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    inputs[input] =
      kind === 'picture'
        ? { data: new Uint8Array(buffer), ...size }
        : { data: new { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype](buffer), ...size };
  }
  const toText = ({ buffer, byteOffset, byteLength }) => {
    let text = '';
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    for (let at = 0; at < bytes.length; at += 30_000) text += btoa(String.fromCharCode(...bytes.subarray(at, at + 30_000)));
    return text;
  };
  const samples = source.golden.samples.map((sample) => ({ ...sample, outputs: {} }));
  const trusted = judged ? source : { ...source, golden: { ...source.golden, samples } };
  const options = { backend: backends, cache: null, deadlineMs: 1_800_000, backendDeadlineMs: 1_800_000 };
  try {
    const model = await loadModel(trusted, options);
    const { outputs } = await model.predict(inputs);
    const { selection } = model;
    model.dispose();
    const shown = Object.entries(outputs).map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: toText(data) }]);
    return { outputs: Object.fromEntries(shown), selection };
  } catch (error) {
    if (error.detail?.selection === undefined) throw error;
    return { outputs: undefined, selection: error.detail.selection };
  }
}
