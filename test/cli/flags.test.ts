/** How the programs read their command lines: what each flag means, and one clear sentence for each that is wrong. */
import { expect, it } from 'vitest';
import { readFlags as readDiff } from '../../apps/cli/diff.js';
import { readFlags as readDoctor } from '../../apps/cli/doctor.js';
import { readFlags as readExport } from '../../apps/cli/export.js';
import { readFlags as readPredict } from '../../apps/cli/predict.js';
import { readFlags as readTry } from '../../apps/cli/try.js';

it('of predict have defaults', () => {
  expect(readPredict(['pose'])).toEqual({
    ...{ model: 'pose', image: undefined, inputs: [], fixed: {}, backend: 'auto', thread: 'worker', runs: undefined },
    ...{ timeoutMs: 300_000, browser: undefined, config: undefined, full: false },
  });
});

it('of predict say what runs where', () => {
  const args =
    '--backend wasm,cpu pose --thread page --runs 3 --timeout 0.1 --image a.png --input x=b.json --input y=c.bin --full --json --shape a:0=1,3';
  expect(readPredict([...args.split(' '), '--browser', '/b', '--config', 'c.mjs'])).toEqual({
    ...{
      model: 'pose',
      image: 'a.png',
      inputs: ['x=b.json', 'y=c.bin'],
      fixed: { 'a:0': { shape: [1, 3] } },
      backend: ['wasm', 'cpu'],
      thread: 'page',
      runs: 3,
    },
    ...{ timeoutMs: 100, browser: '/b', config: 'c.mjs', full: true },
  });
});

it('of doctor mean a run once one of them is about a run', () => {
  const quiet = {
    model: 'pose',
    config: undefined,
    fixed: {},
    path: undefined,
    runs: undefined,
    timeoutMs: 120_000,
    graph: false,
    passes: false,
    bisect: false,
  };
  expect(readDoctor(['pose', '--json'])).toEqual({ ...quiet, run: false });
  expect(readDoctor(['pose', '--run'])).toEqual({ ...quiet, run: true });
  expect(readDoctor(['pose', '--runs', '1'])).toEqual({ ...quiet, run: true, runs: 1 });
  expect(readDoctor(['pose', '--timeout', '0.05'])).toEqual({ ...quiet, run: true, timeoutMs: 50 });
  expect(readDoctor(['pose', '--browser', '/b', '--config', 'c.mjs'])).toEqual({ ...quiet, run: true, path: '/b', config: 'c.mjs' });
  expect(readDoctor(['pose', '--shape', 'x=1,8', '--shape', 'y=', '--constant', 'x=4'])).toEqual({
    ...quiet,
    run: false,
    fixed: { x: { shape: [1, 8], constant: 4 }, y: { shape: [] } },
  });
  expect(readDoctor(['pose', '--graph'])).toEqual({ ...quiet, run: false, graph: true });
  expect(readDoctor(['pose', '--passes', '--bisect'])).toEqual({ ...quiet, run: false, passes: true, bisect: true });
});

it('of try choose a port, backends, and whether a browser opens', () => {
  expect(readTry(['pose'])).toEqual({ model: 'pose', port: 0, backend: 'auto', shows: true });
  expect(readTry(['pose', '--port', '8080', '--backend', 'webgpu', '--no-open'])).toEqual({
    ...{ model: 'pose', port: 8080, backend: ['webgpu'], shows: false },
  });
});

it('of export say where to', () => {
  const flags = { model: 'pose', out: 'tfjs', config: undefined };
  expect(readExport(['pose', '--to', 'tfjs', '--out', 'tfjs'])).toEqual(flags);
  expect(readExport(['--out', 'tfjs', '--to', 'tfjs', '--config', 'c.mjs', 'pose'])).toEqual({ ...flags, config: 'c.mjs' });
});

it('of diff say what is compared, and how it is printed', () => {
  const flags = { old: 'a', now: 'b', images: [], config: undefined, markdown: false };
  expect(readDiff(['a', 'b', '--json'])).toEqual(flags);
  expect(readDiff(['--markdown', 'a', '--image', '1.png', 'b', '--image', '2.jpg', '--config', 'c.mjs'])).toEqual({
    ...flags,
    ...{ images: ['1.png', '2.jpg'], config: 'c.mjs', markdown: true },
  });
});

const readers = { predict: readPredict, doctor: readDoctor, try: readTry, export: readExport, diff: readDiff };

it.each<[keyof typeof readers, string, RegExp]>([
  [
    'predict',
    '',
    /^Say what to run: pannier predict MODEL\. MODEL is a packed folder, an \.onnx, \.tflite, \.keras or \.h5 file, a model\.json, or a name in pannier\.config\.mjs\./,
  ],
  ['predict', 'a b c', /^pannier predict takes one MODEL, but got also b, c\./],
  ['predict', 'a --backend gpu', /^--backend is "gpu"; auto, or some of webgpu, wasm, cpu is wanted\./],
  ['predict', 'a --backend wasm,auto', /^--backend is "wasm,auto"; auto, or some of/],
  ['predict', 'a --thread main', /^--thread is "main"; worker or page is wanted\./],
  ['predict', 'a --runs 0', /^--runs is "0"; a whole number from 1 is wanted\./],
  ['predict', 'a --runs 1.5', /^--runs is "1\.5"; a whole number/],
  ['predict', 'a --runs 1000000', /^--runs is "1000000"; a whole number/],
  ['predict', 'a --timeout soon', /^--timeout is "soon"; seconds above 0 are wanted\./],
  ['predict', 'a --timeout 0', /^--timeout is "0"; seconds above 0/],
  ['predict', 'a --shape 1,8', /^--shape is "1,8"; NODE=VALUE is wanted\./],
  ['doctor', 'a --shape x=1,wide', /^--shape is "1,wide"; numbers are wanted/],
  ['predict', 'a --fast', /Unknown option '--fast'/],
  ['predict', 'a --image', /--image/],
  ['doctor', '', /^Say what to examine: pannier doctor MODEL\./],
  ['doctor', 'a b', /^pannier doctor takes one MODEL, but got also b\./],
  ['doctor', 'a --runs many', /^--runs is "many"; a whole number from 1 is wanted\./],
  ['doctor', 'a --timeout -1', /--timeout/],
  ['doctor', 'a --image x.png', /Unknown option '--image'/],
  ['doctor', 'a --graph --json', /^--graph prints the graph alone/],
  ['doctor', 'a --graph --runs 3', /^--graph prints the graph alone/],
  ['doctor', 'a --graph --passes', /^--graph prints the graph alone/],
  ['doctor', 'a --passes --json', /^--passes prints the changes alone/],
  ['doctor', 'a --bisect', /^--bisect looks for a wrong change among those of --passes: name both\./],
  ['export', '', /^Say what to export: pannier export MODEL --to tfjs --out DIR\. MODEL is a packed folder/],
  ['export', 'a b --to tfjs --out c', /^pannier export takes one MODEL, but got also b\./],
  ['export', 'a --out c', /^Say what to write: --to tfjs\./],
  ['export', 'a --to onnx --out c', /^--to is "onnx"; tfjs is wanted\./],
  ['export', 'a --to tfjs', /^Say where to: pannier export MODEL --to tfjs --out DIR\./],
  ['diff', '', /^Say what to compare: pannier diff OLD NEW\. Each of them: MODEL is a packed folder/],
  ['diff', 'a', /^Say what to compare: pannier diff OLD NEW\./],
  ['diff', 'a b c d', /^pannier diff takes OLD and NEW, but got also c, d\./],
  ['diff', 'a b --markdown --json', /^--markdown and --json are two forms of the same: choose one\./],
  ['diff', 'a b --run', /Unknown option '--run'/],
  ['try', '', /^Say what to try: pannier try MODEL, an \.onnx, \.tflite, \.keras or \.h5 file, a model\.json or a packed folder\./],
  ['try', 'a b', /^pannier try takes one MODEL, but got also b\./],
  ['try', 'a --port 99999', /^--port is "99999"; a number up to 65535 is wanted\./],
  ['try', 'a --port http', /^--port is "http"; a number/],
  ['try', 'a --backend gpu', /^--backend is "gpu"; auto, or some of webgpu, wasm, cpu is wanted\./],
  ['try', 'a --fast', /Unknown option '--fast'/],
])('of %s %s are refused', (command, args, message) => {
  expect(() => readers[command](args.split(' ').filter((each) => each !== ''))).toThrow(message);
});
