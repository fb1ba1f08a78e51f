/** What the browser tests share: Chromium, the built files, a few packed models, and a way to run code beside them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { LoadOptions, Model, ModelSource } from '../../src/index.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { constant, op, placeholder, type RawModel, writeModel } from '../fixtures/models.js';
import { type LaunchOptions, launch, openPage } from '../harness/browser.js';
import { type Site, type SiteOptions, serve } from '../harness/site.js';

export interface Room {
  readonly browser: Browser;
  readonly site: Site;
  /** A blank page of a fresh profile, with `load(name, options)` in it. */
  page(context?: BrowserContext, site?: Site): Promise<Page>;
  /** Where one of its packed models lies. */
  folderOf(name: string): string;
  /** Another server of the same files, under other rules. The caller closes it. */
  serve(options: SiteOptions): Promise<Site>;
}

declare global {
  /** In a page: loads one of the room's models. */
  function load(name: string, options?: LoadOptions): Promise<Model>;
  /** In a page: loads one of the room's models as if it had not been compiled, so that TF.js runs it on wasm. */
  function loadUncompiled(name: string, options?: LoadOptions): Promise<Model>;
  /** In a page: deadlines of so long pass in a moment, until a worker is ended: who comes next has all of its time, on a busy machine too. */
  function hurry(limitMs: number): void;
  /** In a page: the packed model itself. */
  function source(name: string): Promise<ModelSource>;
}

/** Script of a page. */
export const IN_PAGE = `
  globalThis.source = async (name) => (await import('/models/' + name + '/model.js')).default;
  globalThis.load = async (name, options) => (await import('/dist/index.js')).loadModel(await source(name), options);
  globalThis.loadUncompiled = async (name, options) => {
    const { targets: { tfjs }, ...manifest } = await source(name);
    return (await import('/dist/index.js')).loadModel({ ...manifest, targets: { tfjs } }, options);
  };
  globalThis.hurry = (limitMs) => {
    const { setTimeout } = globalThis;
    const { terminate } = Worker.prototype;
    // A deadline waits in a few equal parts.
    const isPart = (ms) => ms > limitMs / 10 && limitMs % ms === 0;
    globalThis.setTimeout = (run, ms, ...given) => setTimeout(run, isPart(ms) ? 100 : ms, ...given);
    Worker.prototype.terminate = function () {
      Object.assign(globalThis, { setTimeout });
      Object.assign(Worker.prototype, { terminate });
      terminate.call(this);
    };
  };
`;

/** Script of a page whose GPU, SwiftShader in tests, does not say that it is software: else nothing would be raced. */
export const HARDWARE_GPU = `Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });`;

/** An app's own worker, which loads the model `add`. */
export const APP_WORKER = `
  import { loadModel } from '/dist/index.js';
  import add from '/models/add/model.js';
  const model = await loadModel(add, { backend: 'wasm' });
  const { outputs, timing } = await model.predict({ x: new Float32Array(4) });
  const track = await model.predictEach({ getSettings() {} }, {}).next().catch(({ code }) => code);
  postMessage({ thread: model.thread, backend: timing.backend, y: outputs.sumY.data[3], track });
`;

/** By name: a model as it is, or with how it is packed. */
export type RoomModels = Readonly<
  Record<string, RawModel | Omit<PackOptions, 'out'> | (Omit<PackOptions, 'out' | 'model'> & { raw: RawModel })>
>;

/** Packs each model into a folder of its name, under `models`. */
export async function packInto(folder: string, models: RoomModels): Promise<void> {
  for (const [name, model] of Object.entries(models)) {
    const raw = (made: RawModel) => writeModel(made, join(folder, 'raw', name));
    const { raw: made, ...options } = 'json' in model ? { raw: model } : { raw: undefined, ...model };
    await pack({
      name,
      ...(made === undefined ? {} : { model: raw(made) }),
      ...(options as Omit<PackOptions, 'out'>),
      out: join(folder, 'models', name),
    });
  }
}

/** The built files, what was packed into a folder, and pictures. */
export const servePacked = (folder: string, rules?: SiteOptions): Promise<Site> =>
  serve({ '/dist': 'dist', '/models': join(folder, 'models'), '/fixtures': 'test/fixtures', '/pose': 'examples/pose/model' }, rules);

/** Sets a room up for the tests of one file. */
export function room(models: RoomModels, options: { launch?: LaunchOptions; site?: SiteOptions } = {}): Room {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-'));
  const open = async (rules?: SiteOptions) => {
    const site = await servePacked(folder, rules);
    site.put('/', '<!doctype html><title>A page</title>');
    site.put('/app-worker.js', APP_WORKER);
    return site;
  };
  const state: { browser?: Browser; site?: Site } = {};
  beforeAll(async () => {
    await packInto(folder, models);
    state.browser = await launch(options.launch);
    state.site = await open(options.site);
  });
  afterAll(async () => {
    await state.browser?.close();
    await state.site?.close();
    rmSync(folder, { recursive: true, force: true });
    // Of every page and worker of the file, under the strict policy.
    expect(state.site?.violations).toEqual([]);
  });
  return {
    get browser() {
      return state.browser as Browser;
    },
    get site() {
      return state.site as Site;
    },
    folderOf: (name) => join(folder, 'models', name),
    serve: open,
    async page(context, site = state.site as Site) {
      const where = context ?? (await (state.browser as Browser).newContext());
      await where.addInitScript({ content: IN_PAGE });
      return openPage(where, `${site.url}/`);
    },
  };
}

/** Gives back the picture that it is shown: float32, 0…255, RGB. */
export function echoModel(height: number, width: number): RawModel {
  const sizes = [1, height, width, 3];
  const info = (name: string) => ({ name, dtype: 'DT_FLOAT', tensorShape: { dim: sizes.map((size) => ({ size: String(size) })) } });
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { picture: info('picture:0') }, outputs: { seen: info('seen:0') } },
      modelTopology: {
        node: [placeholder('picture', sizes), constant('one'), op('seen', 'Mul', ['picture', 'one'], { T: { type: 'DT_FLOAT' } })],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'one', shape: [], dtype: 'float32' }] }],
    },
    files: { 'w.bin': new Uint8Array(Float32Array.of(1).buffer) },
  };
}

/** Places of what is above 0.5 in x [1, 4]. Their count depends on values, so that the compiled engine has JavaScript compute them. */
export function placesModel(): RawModel {
  const info = (name: string, dtype: string, sizes: readonly number[]) => ({
    name,
    dtype,
    tensorShape: { dim: sizes.map((size) => ({ size: String(size) })) },
  });
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { x: info('x:0', 'DT_FLOAT', [1, 4]) }, outputs: { places: info('places:0', 'DT_INT32', [-1, 2]) } },
      modelTopology: {
        node: [
          placeholder('x', [1, 4]),
          constant('limit'),
          op('above', 'Greater', ['x', 'limit'], { T: { type: 'DT_FLOAT' } }),
          op('places', 'Where', ['above']),
        ],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'limit', shape: [], dtype: 'float32' }] }],
    },
    files: { 'w.bin': new Uint8Array(Float32Array.of(0.5).buffer) },
  };
}

/** Counts from its input up to 3, one round of a loop at a time: far below 3, it never ends. */
export function countModel(): RawModel {
  const int = { type: 'DT_INT32' };
  const info = (name: string) => ({ name, dtype: 'DT_INT32', tensorShape: { dim: [{ size: '1' }] } });
  const arg = { name: 'i', type: 'DT_INT32' };
  const weights = ['limit', 'step'].map((name) => ({ name, shape: [1], dtype: 'int32' }));
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { from: info('from:0') }, outputs: { reached: info('loop:0') } },
      modelTopology: {
        node: [
          placeholder('from', [1], 'DT_INT32'),
          op('loop', 'StatelessWhile', ['from'], { cond: { func: { name: 'under' } }, body: { func: { name: 'next' } } }),
        ],
        library: {
          function: [
            {
              signature: { name: 'under', inputArg: [arg], outputArg: [{ name: 'go', type: 'DT_BOOL' }] },
              nodeDef: [constant('limit', 'DT_INT32'), op('less', 'Less', ['i', 'limit:output:0'], { T: int })],
              ret: { go: 'less:z:0' },
            },
            {
              signature: { name: 'next', inputArg: [arg], outputArg: [{ name: 'iOut', type: 'DT_INT32' }] },
              nodeDef: [constant('step', 'DT_INT32'), op('sum', 'AddV2', ['i', 'step:output:0'], { T: int })],
              ret: { iOut: 'sum:z:0' },
            },
          ],
        },
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights }],
    },
    files: { 'w.bin': new Uint8Array(Int32Array.of(3, 1).buffer) },
  };
}
