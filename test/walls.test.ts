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

const files = ['src', 'apps']
  .flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name).replaceAll('\\', '/')))
  .filter((name) => name.endsWith('.ts'))
  .sort();

const imports = files.flatMap((from) => importsOf(from, readFileSync(from, 'utf8')));

/** Who may import a package, dynamically or not, as values or as types. A package that is not named may not be imported. */
const PACKAGES: readonly (readonly [name: RegExp, owner: RegExp])[] = [
  [/^@tensorflow\//, /^src\/engines\/tfjs\//],
  [/^idb-keyval/, /^src\/storage\/idb\.ts$/],
  [/^pbf$/, /^src\/formats\/onnx\/proto\.ts$/],
  [/^fflate$/, /^src\/formats\/(zip|hdf5\/chunks)\.ts$/],
  [/^@noble\/hashes/, /^src\/download\/sha256\.ts$/],
  [/^(vite|rollup|esbuild)$/, /^src\/plugin\//],
  [/^node:|^playwright-core$|^pngjs$|^@jsquash\/jpeg/, /^(src\/(pack|plugin)|apps\/cli)\//],
];

/** Files that bring a big package with them: run-time code reaches them by `import()` alone. */
const HEAVY = /^src\/(engines\/tfjs\/(engine|profile|webgpu|wasm|cpu)|storage\/(guarded|idb)|download\/sha256)\.ts$/;

/** The house from the ground up: a file imports from its own room and from the rooms before it. */
const FLOORS: readonly RegExp[] = [
  /^src\/base\//,
  /^src\/manifest\//,
  /^src\/graph\//,
  /^src\/formats\/[\w-]+\.ts$/,
  /^src\/formats\/reading\//,
  /^src\/formats\/tfjs\//,
  /^src\/formats\/hdf5\//,
  /^src\/formats\/keras\//,
  /^src\/formats\/onnx\//,
  /^src\/formats\/tflite\//,
  /^src\/preprocess\//,
  /^src\/api\//,
  /^src\/engines\//,
  /^src\/passes\//,
  /^src\/golden\//,
  /^src\/storage\//,
  /^src\/download\//,
  /^src\/worker\//,
  /^src\/runtime\//,
  /^src\/predict\//,
  /^src\/select\//,
  /^src\/(load|model|offline)\.ts$/,
  /^src\/index\.ts$/,
  /^src\/(read|remote|drift|testing)\//,
  /^src\/pack\/(javascript|options|check-options|cache|digest)\.ts$/,
  /^src\/pack\/files\//,
  /^src\/pack\/model\//,
  /^src\/pack\/(inputs|out)\//,
  /^src\/pack\/golden\//,
  /^src\/pack\/samples\//,
  /^src\/pack\/(checks|weights)\//,
  /^src\/pack\/[\w-]+\.ts$/,
  /^src\/plugin\//,
  /^apps\//,
];
const floorOf = (file: string): number => FLOORS.findIndex((room) => room.test(file));

/** Rooms over the public API: nothing inside may import them, and they import nothing but these. */
const OVER_THE_API: readonly (readonly [room: RegExp, may: RegExp])[] = [
  [/^src\/read\//, /^src\/(base|manifest|preprocess)\//],
  [/^src\/(remote|drift)\//, /^src\/(base|manifest|api)\//],
  [/^apps\/try\//, /^src\/(index|read\/index|preprocess\/(image|pixels)|pack\/(options|javascript))\.ts$|^src\/(base|manifest|api)\//],
];

test('no file imports itself in a circle, types included', () => {
  const circles = circlesOf(files, imports);
  expect(circles.map((circle) => circle.join(' → '))).toEqual([]);
});

test('packages are known by their owners alone', () => {
  const breaches = imports.filter(({ from, to }) => PACKAGES.some(([name, owner]) => name.test(to) && !owner.test(from)));
  expect(breaches.map(told)).toEqual([]);
});

test('every package that src imports has an owner', () => {
  const unknown = imports.filter(({ to }) => !/^(src|apps)\//.test(to) && !PACKAGES.some(([name]) => name.test(to)));
  expect(unknown.map(told)).toEqual([]);
});

test('the front doors reach nothing heavy but by import()', () => {
  const reached = reachedFrom(['src/index.ts', 'src/read/index.ts', 'src/remote/index.ts', 'src/drift/index.ts', 'src/testing/index.ts']);
  const breaches = imports.filter(({ from, to, kind }) => kind === 'value' && HEAVY.test(to) && reached.includes(from));
  expect(breaches.map((each) => `${told(each)} other than by import()`)).toEqual([]);
});

test('arrows point down', () => {
  const breaches = imports.filter(({ from, to }) => /^(src|apps)\//.test(to) && floorOf(to) > floorOf(from));
  expect(breaches.map(told)).toEqual([]);
  expect(files.filter((file) => floorOf(file) < 0)).toEqual([]);
});

test('what stands over the public API knows nothing behind it', () => {
  const breaches = imports.filter(({ from, to }) => {
    const room = OVER_THE_API.find(([own]) => own.test(from));
    return room !== undefined && /^(src|apps)\//.test(to) && !room[0].test(to) && !room[1].test(to);
  });
  expect(breaches.map(told)).toEqual([]);
});

test('an engine knows no other engine, but for the reference', () => {
  const engineOf = (file: string) => /^src\/engines\/([\w-]+)\//.exec(file)?.[1];
  const mayKnow = (from: string, to: string | undefined) => to === undefined || to === 'reference' || to === from;
  const breaches = imports.filter(({ from, to }) => {
    const engine = engineOf(from);
    return engine !== undefined && !mayKnow(engine, engineOf(to));
  });
  expect(breaches.map(told)).toEqual([]);
});

test('passes know the graph, and of the engines the reference alone', () => {
  const may = /^src\/(base|graph|passes|engines\/reference)\//;
  const breaches = imports.filter(({ from, to }) => /^src\/passes\//.test(from) && !may.test(to));
  expect(breaches.map(told)).toEqual([]);
});

test('every relative import names a file of src', () => {
  const lost = imports.filter(({ to }) => /^(src|apps)\//.test(to) && !files.includes(to));
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

/** Groups of files that reach each other, by Tarjan's algorithm. */
function circlesOf(nodes: readonly string[], edges: readonly Pick<Import, 'from' | 'to'>[]): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node) as number);
    stack.push(node);
    for (const { to } of edges.filter(({ from }) => from === node)) {
      if (to === node) circles.push([node]);
      if (!index.has(to) && nodes.includes(to)) {
        visit(to);
        low.set(node, Math.min(low.get(node) as number, low.get(to) as number));
      } else if (stack.includes(to)) low.set(node, Math.min(low.get(node) as number, index.get(to) as number));
    }
    if (low.get(node) !== index.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) circles.push(circle);
  };
  for (const node of nodes) if (!index.has(node)) visit(node);
  return circles;
}

test('the search for circles finds them', () => {
  const edges = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
    { from: 'c', to: 'b' },
    { from: 'd', to: 'a' },
  ];
  expect(circlesOf(['a', 'b', 'c', 'd'], edges)).toEqual([['b', 'c']]);
});

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
