/** `pannier try`: a page on this machine on which a model is fed, named and looked at, packed as `pannier pack` would. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from '../../src/base/backend-name.js';
import { shapeText } from '../../src/base/dtype.js';
import { asPannierError, messageOf } from '../../src/base/errors.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { resolveImage } from '../../src/pack/inputs/image.js';
import { readFace } from '../../src/pack/model/face.js';
import { badOption } from '../../src/pack/options.js';
import { defaultName, pack } from '../../src/pack/pack.js';
import type { About, PackAnswer, PackRequest } from '../try/wire.js';
import type { Command } from './command.js';
import { Interrupted, type OnUndo, untilInterrupted } from './interrupted.js';
import { readLayers } from './layers.js';
import { findModel } from './packed.js';
import { readPacked } from './packed-files.js';
import { plain } from './print.js';
import { filesOf, type Site, serve } from './serve.js';
import { showInBrowser } from './system-browser.js';
import { DIST, libraryFiles } from './visit.js';

const FLAGS = { port: { type: 'string' }, backend: { type: 'string' }, 'no-open': { type: 'boolean' } } as const;

/** The `try` command. */
export const tryCommand: Command = {
  usage: `  pannier try MODEL [flags]                     shows a model in a page: feed it, name what goes in and out, copy the config
    MODEL is an .onnx, .tflite, .keras or .h5 file, a model.json, or a packed folder
    --port N (one that is free)  --no-open (the system's browser)  --backend auto|${BACKENDS.join('|')}`,
  async run(args) {
    const flags = readFlags(args);
    try {
      await untilInterrupted(async ({ onUndo }) => {
        const { site, about } = await open(flags, onUndo);
        process.stdout.write(`${told(about)}\nTry it at ${site.url}/ (Ctrl-C ends it)\n`);
        if (flags.shows) showInBrowser(`${site.url}/`);
        await new Promise(() => undefined);
      });
    } catch (thrown) {
      // The way that this command ends.
      if (!(thrown instanceof Interrupted)) throw thrown;
    }
    return 0;
  },
};

/** Arguments of `pannier try`, read. */
export interface Flags {
  readonly model: string;
  readonly port: number;
  readonly backend: 'auto' | BackendName[];
  readonly shows: boolean;
}

/**
 * Reads the command line of `pannier try`.
 * @throws {PannierError} `options` if an argument is missing, unknown or not what its flag takes
 */
export function readFlags(args: readonly string[]): Flags {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  const { port = '0', backend = 'auto' } = values;
  const [model, ...more] = positionals;
  if (model === undefined)
    throw badOption('Say what to try: pannier try MODEL, an .onnx, .tflite, .keras or .h5 file, a model.json or a packed folder.');
  if (more.length > 0) throw badOption(`pannier try takes one MODEL, but got also ${more.join(', ')}.`);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw badOption(`--port is ${JSON.stringify(port)}; a number up to 65535 is wanted.`);
  const backends = backend.split(',');
  if (backend !== 'auto' && backends.some((name) => !(BACKENDS as readonly string[]).includes(name))) {
    throw badOption(`--backend is ${JSON.stringify(backend)}; auto, or some of ${BACKENDS.join(', ')} is wanted.`);
  }
  return {
    model,
    port: Number(port),
    backend: backend === 'auto' ? backend : (backends as BackendName[]),
    shows: values['no-open'] !== true,
  };
}

async function open({ model, backend, port }: Flags, onUndo: OnUndo): Promise<{ site: Site; about: About }> {
  const found = await findModel(model);
  const { folder } = found;
  if (folder === undefined && found.options.model !== model)
    throw badOption(`pannier try takes no name of a config. Give the file: pannier try ${relative(process.cwd(), found.options.model)}.`);
  const shown = { model: (relative(process.cwd(), resolve(model)) || '.').replaceAll('\\', '/'), backend };
  const about: About =
    folder === undefined ? { ...shown, ...(await readFile(model)) } : { ...shown, kind: 'folder', url: '/packed/model.js' };
  const packer = folder === undefined ? await Packer.start(model) : undefined;
  if (packer !== undefined) onUndo(() => packer.end());
  const files = await Promise.all([
    libraryFiles(),
    filesOf(join(DIST, 'try'), '/dist/try/'),
    folder === undefined ? [] : filesOf(folder, '/packed/'),
  ]);
  const site: Site = await serve(
    [
      ['/', join(DIST, 'try', 'index.html')],
      ['/dist/golden.png', join(DIST, 'golden.png')],
      ['/about.json', new TextEncoder().encode(JSON.stringify(about))],
      ...files.flat(),
      ...(folder === undefined ? [] : [['/packed/layers.json', await layersFile(folder, await readPacked(folder))] as const]),
    ],
    { port, posts: packer === undefined ? {} : { '/pack': (said) => packer.pack(said as PackRequest, site) } },
  ).catch((thrown) => {
    throw badOption(`No server can listen at port ${port}: ${messageOf(thrown)}. Choose another --port.`);
  });
  onUndo(() => site.close());
  return { site, about };
}

const layersFile = async (folder: string, manifest: Manifest): Promise<Uint8Array> =>
  new TextEncoder().encode(JSON.stringify(await readLayers(folder, manifest)));

async function readFile(model: string): Promise<Pick<About & { kind: 'file' }, 'kind' | 'name' | 'inputs' | 'outputs'>> {
  const { inputs, outputs } = await readFace(model);
  return {
    ...{ kind: 'file', name: defaultName(model) },
    inputs: inputs.map((input) => {
      const { node, name, dtype, shape, options } = input;
      const { image } = options.image ? resolveImage(input) : {};
      return { node, name, dtype, shape, ...(image && { image }) };
    }),
    outputs: outputs.map(({ node, name, shape }) => ({ node: node.replace(/:0$/, ''), name, ...(shape !== undefined && { shape }) })),
  };
}

/** Folders that are kept: the one that the page runs and the one before, which it may still be loading. */
const KEPT = 2;

/** Packs one model as often as the page asks, each time into a folder of its own. */
class Packer {
  readonly #model: string;
  readonly #folder: string;
  #count = 0;
  /** Numbers of the folders that exist. */
  readonly #packed: number[] = [];
  /** The last pack, which ends after all before it. */
  #packing: Promise<unknown> = Promise.resolve();

  private constructor(model: string, folder: string) {
    this.#model = model;
    this.#folder = folder;
  }

  static async start(model: string): Promise<Packer> {
    return new Packer(model, await mkdtemp(join(tmpdir(), 'pannier-try-')));
  }

  /** Packs with the options of the page. An error is an answer, too. */
  async pack(said: PackRequest, site: Site): Promise<PackAnswer> {
    const number = ++this.#count;
    const out = join(this.#folder, String(number));
    try {
      const packing = pack({ ...allowed(said), model: this.#model, out });
      this.#packing = packing.catch(() => undefined);
      const { manifest, warnings, bytes } = await packing;
      site.put(`/packed/${number}/layers.json`, await layersFile(out, manifest));
      for (const [path, file] of await filesOf(out, `/packed/${number}/`)) site.put(path, file);
      // By number would leave some: those that were refused have no folder.
      this.#packed.push(number);
      for (const old of this.#packed.splice(0, this.#packed.length - KEPT)) {
        site.remove(`/packed/${old}/`);
        await rm(join(this.#folder, String(old)), { recursive: true, force: true });
      }
      return { url: `/packed/${number}/model.js`, warnings, bytes };
    } catch (thrown) {
      const { code, message } = asPannierError(thrown, 'model-format', 'The packer failed');
      return { error: { code, message } };
    }
  }

  /** Waits for the last pack, which would make the folder again, and removes the folder. */
  async end(): Promise<void> {
    await this.#packing;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const ALLOWED: readonly string[] = ['name', 'inputs', 'outputs'] satisfies (keyof PackRequest)[];

/** Refuses options that name a file. The packer checks the others. */
function allowed(said: PackRequest): PackRequest {
  if (typeof said !== 'object' || said === null) throw badOption('The page should send an object of options.');
  const stranger = Object.keys(said).find((key) => !ALLOWED.includes(key));
  if (stranger !== undefined) throw badOption(`The page may not say ${JSON.stringify(stranger)}; it may say ${ALLOWED.join(', ')}.`);
  return said;
}

function told(about: About): string {
  if (about.kind === 'folder') return `${plain(about.model)}, packed already: its names and its preprocessing stay.`;
  const list = (faces: About & { kind: 'file' }, side: 'inputs' | 'outputs') =>
    faces[side].map(({ name, shape }) => `${plain(name)} ${shape === undefined ? '' : shapeText(shape)}`.trim()).join(', ');
  return `${plain(about.name)} takes ${list(about, 'inputs') || 'nothing'} and gives ${list(about, 'outputs')}.`;
}
