/** LiteRT.js, as an app has it installed, in a browser that is installed: it runs a .tflite file without anything of Pannier. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { messageOf } from '../../base/errors.js';
import { broken } from '../../formats/file-fields.js';
import type { TfliteFile } from '../model/read-model.js';
import { badOption } from '../options.js';
import { startBrowser } from './browser.js';
import type { Numbers } from './onnx-runtime.js';

const PACKAGE = '@litertjs/core';

/** LiteRT.js in a browser. */
export interface LiteRt {
  /** The package with its version. */
  readonly runtime: string;
  /**
   * Runs a file once on wasm, in a page that is loaded anew.
   * @param name of the file, for messages
   * @param feeds inputs by the keys of the signature, in the order of the file
   * @returns outputs by the keys of the signature
   * @throws {PannierError} `model-format` if LiteRT.js does not run the file
   */
  run(name: string, file: TfliteFile, feeds: ReadonlyMap<string, Numbers>): Promise<ReadonlyMap<string, Numbers>>;
}

/**
 * Starts a browser with LiteRT.js, hands it to `use` and closes it.
 * @param out the packed folder; the package is looked for from there, then from the current folder
 * @throws {PannierError} `options` if the package is not installed, `backend-unavailable` if no browser is
 */
export async function withLiteRt<T>(out: string, use: (litert: LiteRt) => Promise<T>): Promise<T> {
  const { folder, wasmUtils } = installed(out);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const runtime = `${PACKAGE} ${version}`;
  let model: Uint8Array = new Uint8Array();
  const server = await serve(async (path) => {
    if (path === '/') return PAGE;
    if (path === '/model.tflite') return model;
    if (path.startsWith('/litert/')) return readFile(join(folder, path.slice('/litert/'.length)));
    return path === '/wasm-utils.js' ? readFile(wasmUtils) : undefined;
  });
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { page } = await startBrowser({ url, webgpu: 'no', onUndo: (step) => undo.push(step) });
    return await use({
      runtime,
      async run(name, { bytes, signature }, feeds) {
        model = bytes;
        try {
          await page.goto(url);
          return await answered(page, signature, feeds);
        } catch (thrown) {
          throw broken(`${runtime} does not run ${name}, so that there is nothing to verify by: ${messageOf(thrown).split('\n')[0]}`);
        }
      },
    });
  } finally {
    try {
      for (const step of undo) await step();
    } finally {
      // A browser that does not close must not keep the server open, which would keep the process alive.
      server.close();
      server.closeAllConnections();
    }
  }
}

/** Numbers as the page gets and gives them. */
interface Sent {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

async function answered(
  page: Page,
  signature: string | undefined,
  feeds: ReadonlyMap<string, Numbers>,
): Promise<ReadonlyMap<string, Numbers>> {
  const sent = [...feeds].map(([name, { shape, data }]) => ({ name, shape: [...shape], data: Array.from(data) }));
  const call = `runModel(${JSON.stringify(signature ?? null)}, ${toJson(sent)})`;
  const outputs = JSON.parse(await page.evaluate<string>(call), (_, value) => (value === 'NaN' ? Number.NaN : value)) as readonly Sent[];
  return new Map(outputs.map(({ name, shape, data }) => [name, { shape, data: data.map(Number) }]));
}

/** Numbers that JSON does not hold stand in the text as JavaScript writes them. */
const toJson = (sent: readonly Sent[]): string =>
  `[${sent.map(({ name, shape, data }) => `{ name: ${JSON.stringify(name)}, shape: [${shape}], data: [${data}] }`)}]`;

function installed(out: string): { readonly folder: string; readonly wasmUtils: string } {
  for (const start of [out, process.cwd()]) {
    try {
      const main = createRequire(join(start, 'package.json')).resolve(PACKAGE);
      return { folder: dirname(dirname(main)), wasmUtils: createRequire(main).resolve('@litertjs/wasm-utils') };
    } catch {
      // The package is not installed there.
    }
  }
  throw badOption(`Option verify needs LiteRT.js for a .tflite file, which is not installed in this app: npm install -D ${PACKAGE}.`);
}

/** The types of what the page asks for. */
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm', '': 'text/html' };

/** Serves what a function finds for a path, on this machine alone. */
async function serve(find: (path: string) => Promise<Uint8Array | string | undefined>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const found = pathname.includes('..') ? undefined : await find(pathname).catch(() => undefined);
    response.writeHead(found === undefined ? 404 : 200, {
      'content-type': TYPES[/\.\w+$/.exec(pathname)?.[0] ?? ''] ?? 'application/octet-stream',
    });
    response.end(found);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

/**
 * The page: `runModel` compiles the file and runs it once. Inputs are found by their names; a file without a signature may have other
 * ones there, in which case their order counts.
 */
const PAGE = `<!doctype html><title>LiteRT.js</title>
<script type="importmap">{ "imports": { "@litertjs/wasm-utils": "/wasm-utils.js" } }</script>
<script type="module">
const ARRAYS = { float32: Float32Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array, bool: Uint8Array };
const arrayOf = (type, data) => type === 'int64' ? BigInt64Array.from(data, BigInt) : (ARRAYS[type] ?? Float32Array).from(data);
globalThis.runModel = async (signature, feeds) => {
  const { loadAndCompile, loadLiteRt, Tensor } = await import(new URL('/litert/dist/index.js', location));
  await loadLiteRt('/litert/wasm/');
  const bytes = new Uint8Array(await (await fetch('/model.tflite')).arrayBuffer());
  const model = await loadAndCompile(bytes, { accelerator: 'wasm' });
  const runner = signature === null ? model : model.signatures[signature];
  const inputs = runner.getInputDetails().map(({ name, dtype }, index) => {
    const { shape, data } = feeds.find((feed) => feed.name === name) ?? feeds[index];
    return [name, new Tensor(arrayOf(dtype, data), shape)];
  });
  const outputs = await runner.run(Object.fromEntries(inputs));
  const names = runner.getOutputDetails().map(({ name }) => name);
  return JSON.stringify(names.map((name) => {
    const { layout } = outputs[name].type;
    const data = Array.from(outputs[name].toTypedArray(), (value) => Number.isFinite(Number(value)) ? Number(value) : String(value));
    return { name, shape: [...layout.dimensions], data };
  }));
};
</script>`;
