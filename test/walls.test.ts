/** Holds the walls of the house by reading imports: who may know whom, how long a file may grow, how it may be named. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** One import of one file; `to` is a path from the root for our own files, else a package. */
interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: 'value' | 'type' | 'dynamic';
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((name) => join('src', name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts'))
  .sort();

const imports = files.flatMap((from) => importsOf(from, readFileSync(from, 'utf8')));

/** Who may import a package, dynamically or not, as values or as types. Whoever is not named may not. */
const PACKAGES: readonly (readonly [name: RegExp, owner: RegExp])[] = [
  [/^@tensorflow\/tfjs-core/, /^src\/(engine\/tfjs|backend\/(webgpu|wasm|cpu))\.ts$/],
  [/^@tensorflow\/tfjs-converter/, /^src\/engine\/tfjs\.ts$/],
  [/^@tensorflow\/tfjs-backend-/, /^src\/backend\/(webgpu|wasm|cpu)\.ts$/],
  [/^idb-keyval/, /^src\/weights\/idb\.ts$/],
  [/^(vite|rollup|esbuild)$/, /^src\/plugin\//],
  [/^node:|^playwright-core$|^pngjs$|^@jsquash\/jpeg/, /^src\/(pack|cli|plugin)\//],
];

/** Files that bring a big package with them: run-time code reaches them by `import()` alone. */
const HEAVY = /^src\/(engine\/tfjs|backend\/(webgpu|wasm|cpu)|weights\/(guarded|idb))\.ts$/;

const GROUND = /^src\/(?!(index|load|offline|rest|lazy|model|options|prediction|prefetch|settled)\.)[\w-]+\.ts$/;
/** The packer's own ground: any of its rooms may stand on it. */
const PACK_GROUND = /^src\/pack\/(?!(index|pack)\.)[\w-]+\.ts$/;
const NODE_ONLY = /^src\/(pack|cli|plugin)\//;

/** Seams: files of interfaces, whose types anybody at run time may name. */
const SEAM = /^src\/(options|prediction|settled|engine\/engine|backend\/backend|weights\/cache|worker\/protocol)\.ts$/;

/** What each room may import besides ground, seams' types and its own files. Rooms from the roof down: arrows point down only. */
const ROOMS: readonly (readonly [room: RegExp, may: RegExp])[] = [
  [/^src\/index\.ts$/, /^src\/(load|offline|worker\/policy)\.ts$/],
  [/^src\/offline\.ts$/, /^src\/rest\.ts$/],
  [/^src\/rest\.ts$/, /^src\/lazy\.ts$/],
  [/^src\/load\.ts$/, /^src\/((rest|settled)\.ts|(choosing|serving|worker|engine|backend|weights|input)\/)/],
  [
    /^src\/lazy\.ts$/,
    /^src\/((model|prefetch)\.ts|choosing\/(open|trial)\.ts|serving\/(opened|quarantine)\.ts|worker\/engine\.ts|weights\/.*)$/,
  ],
  [/^src\/prefetch\.ts$/, /^src\/((rest|settled)\.ts|(serving|weights)\/)/],
  [/^src\/model\.ts$/, /^src\/(serving|backend|input)\//],
  [/^src\/choosing\//, /^src\/(settled\.ts|(serving|worker|engine|backend|weights|input)\/)/],
  [/^src\/serving\//, /^src\/(worker|engine|backend|weights|input)\//],
  [/^src\/worker\//, /^src\/(engine|backend|input)\//],
  [/^src\/engine\//, /^src\/(backend|input)\//],
  [/^src\/(backend|weights|input)\//, /^$/],
  [/^src\/(options|prediction|settled)\.ts$/, /^src\/(serving|backend|weights|input)\//],
  [/^src\/read\//, /^src\/input\/mapping\.ts$/],
  [/^src\/remote\//, /^$/],
  // A double is the real model over another engine, so that it behaves as the real one does.
  [/^src\/testing\//, /^src\/(model\.ts$|(serving|input)\/)/],
  // The page of `pannier try` is an app, but that it shows what the preparing of pictures makes of one.
  [/^src\/try\//, /^src\/(index|read\/index|input\/(image|pixels)|pack\/options)\.ts$/],
  [/^src\/plugin\//, /^src\/pack\//],
  [/^src\/cli\//, /^src\/(pack\/|try\/wire\.ts$)/],
  // The packer, from its own roof down: what is stored, checked, sampled, named, written, read.
  [/^src\/pack\/(index|pack|stamp)\.ts$/, /^src\/pack\//],
  [/^src\/pack\/weights\//, /^src\/(pack\/(golden|model|files)|engine)\//],
  [/^src\/pack\/checks\//, /^src\/(pack\/(samples|golden|files)|engine|input)\//],
  [/^src\/pack\/samples\//, /^src\/(pack\/(golden|files)|engine|input)\//],
  [/^src\/pack\/golden\//, /^src\/(pack\/(inputs|out|model|files)|engine|backend|input)\//],
  [/^src\/pack\/(inputs|out)\//, /^src\/(pack\/(model|files)|engine|input)\//],
  [/^src\/pack\/model\//, /^src\/(pack\/(layers|files)|engine)\//],
  [/^src\/pack\/layers\//, /^src\/pack\/files\//],
  [/^src\/pack\/files\//, /^src\/engine\//],
];

test('packages are known by their owners alone', () => {
  const breaches = imports.filter(({ from, to }) => PACKAGES.some(([name, owner]) => name.test(to) && !owner.test(from)));
  expect(breaches.map(told)).toEqual([]);
});

test('every package that src imports has an owner', () => {
  const unknown = imports.filter(({ to }) => !to.startsWith('src/') && !PACKAGES.some(([name]) => name.test(to)));
  expect(unknown.map(told)).toEqual([]);
});

test('the front doors reach nothing heavy but by import()', () => {
  const reached = reachedFrom(['src/index.ts', 'src/read/index.ts', 'src/remote/index.ts', 'src/testing/index.ts']);
  const breaches = imports.filter(({ from, to, kind }) => kind === 'value' && HEAVY.test(to) && reached.includes(from));
  expect(breaches.map((each) => `${told(each)} other than by import()`)).toEqual([]);
});

test('what comes with the lazy code is in no first chunk', () => {
  const lazy = imports.filter(({ from }) => from === 'src/lazy.ts').map(({ to }) => to);
  const reached = reachedFrom(['src/index.ts']);
  expect(lazy.length).toBeGreaterThan(10);
  expect(lazy.filter((file) => reached.includes(file))).toEqual([]);
});

test('arrows point down', () => {
  const breaches = imports.filter(({ from, to, kind }) => {
    if (!to.startsWith('src/')) return false;
    if (GROUND.test(from)) return !GROUND.test(to);
    if (GROUND.test(to) || dirname(from) === dirname(to)) return false;
    if (from.startsWith('src/pack/') && PACK_GROUND.test(to)) return false;
    if (from === 'src/index.ts' && kind === 'type') return NODE_ONLY.test(to);
    if (kind === 'type' && SEAM.test(to) && !NODE_ONLY.test(to)) return false;
    const room = ROOMS.find(([files]) => files.test(from));
    return room === undefined || !room[1].test(to);
  });
  expect(breaches.map(told)).toEqual([]);
});

test('nobody at run time imports what is for Node only', () => {
  const speaksToPacker = ({ from, to, kind }: Import) => kind === 'type' && from.startsWith('src/try/') && to === 'src/pack/options.ts';
  const breaches = imports.filter((each) => NODE_ONLY.test(each.to) && !NODE_ONLY.test(each.from) && !speaksToPacker(each));
  expect(breaches.map(told)).toEqual([]);
});

test('every relative import names a file of src', () => {
  const lost = imports.filter(({ to }) => to.startsWith('src/') && !files.includes(to));
  expect(lost.map(({ from, to }) => `${from} imports ${to}, which is not there`)).toEqual([]);
});

test('files stay short', () => {
  const long = files
    .map((name) => ({ name, lines: readFileSync(name, 'utf8').trimEnd().split('\n').length }))
    .map((file) => ({ ...file, most: /^src\/(load|model)\.ts$/.test(file.name) ? 200 : 300 }))
    .filter(({ lines, most }) => lines > most);
  expect(long.map(({ name, lines, most }) => `${name} has ${lines} lines, at most ${most}`)).toEqual([]);
});

test('the front door only lists', () => {
  const rest = readFileSync('src/index.ts', 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|\/\/\/?.*$/gm, '')
    .replace(/export (type )?\{[^}]*\} from '[^']+';/g, '')
    .trim();
  expect(rest).toBe('');
});

test('names say what a thing is', () => {
  const vague = /(^|[/-])(utils?|helpers?|managers?|handlers?|data)([/.-]|$)/;
  expect(files.filter((name) => vague.test(name))).toEqual([]);
});

test('the reader of imports sees every kind of them', () => {
  const source = `
    import type { A } from './a.js';
    import { type B } from './b.js';
    import { c, type C } from './c.js';
    import './d.js';
    export * from '../load.js';
    export type { E } from 'e';
    const f = () => import('./f.js');
    type G = typeof import('./g.js');
    // import './no.js';
    import {
      h,
    } from "h";`;
  expect(importsOf('src/room/x.ts', source).map(({ to, kind }) => `${kind} ${to}`)).toEqual([
    'type src/room/a.ts',
    'type src/room/b.ts',
    'value src/room/c.ts',
    'value src/room/d.ts',
    'value src/load.ts',
    'type e',
    'dynamic src/room/f.ts',
    'type src/room/g.ts',
    'value h',
  ]);
});

/** Walks value imports; what is left out is lazy, as a worker's files are. */
function reachedFrom(doors: readonly string[]): readonly string[] {
  const reached = [...doors];
  for (const file of reached) {
    for (const { to } of imports.filter(({ from, kind }) => from === file && kind === 'value')) if (!reached.includes(to)) reached.push(to);
  }
  return reached;
}

function told({ from, to }: Import): string {
  return `${from} may not import ${to}`;
}

function importsOf(from: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  const statement =
    /(?<typeof>typeof\s+)?\bimport\(\s*['"](?<asked>[^'"]+)['"]\s*\)|\b(?:import|export)\s+(?<type>type\s+)?(?:(?<names>[\w$*\s,{}]+?)\s+from\s+)?['"](?<named>[^'"]+)['"]/g;
  return [...code.matchAll(statement)].map(({ groups = {} }) => {
    const to = groups['asked'] ?? groups['named'] ?? '';
    const names = groups['names']
      ?.match(/^\{(.*)\}$/s)?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    const typeOnly = groups['type'] !== undefined || groups['typeof'] !== undefined || names?.every((name) => name.startsWith('type '));
    const kind = typeOnly ? 'type' : groups['asked'] !== undefined ? 'dynamic' : 'value';
    return {
      from,
      to: to.startsWith('.')
        ? normalize(join(dirname(from), to))
            .replaceAll('\\', '/')
            .replace(/\.js$/, '.ts')
        : to,
      kind,
    };
  });
}
