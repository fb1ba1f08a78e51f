/** The libraries of the comparison: their modules, and where the page finds their own files. */
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** Folders with the WebAssembly of the rivals, by the addresses at which they ask for it. */
export const FOLDERS = {
  '/tfjs/': `${PACKAGES}@tensorflow/tfjs-backend-wasm/wasm-out`,
  '/litert/': `${PACKAGES}@litertjs/core/wasm`,
  '/onnxruntime/': `${PACKAGES}onnxruntime-web/dist`,
};

/** Their modules, which the page imports one by one. */
export const LIBRARIES = ['pannier', 'tfjs', 'litert', 'onnxruntime'].map((name) => `bench/compiled/libraries/${name}.ts`);

/** The build of ours that browsers with relaxed SIMD run, against which all ratios are. */
export const OURS = 'relaxed';

/** The names of all libraries for readers, in the order of columns and bars. */
export const TITLES = {
  relaxed: 'Pannier',
  simd: 'Pannier without relaxed SIMD',
  tfjs: 'TF.js 4.22.0',
  litert: 'LiteRT.js 2.5.3',
  onnxruntime: 'onnxruntime-web 1.30.0',
};

export const RIVALS = ['tfjs', 'litert', 'onnxruntime'];

/**
 * Libraries that can run a model, ours first.
 * @param files the model in formats of rivals, by addresses
 * @param isTfjs whether TF.js can run its graph
 * @param outputs how the outputs of LiteRT.js's file are compared; those of ONNX's come in the graph's order
 * @param threads of the rivals that read those files; TF.js takes half of the cores, which is one of two
 */
export const librariesOf = (files, isTfjs, outputs, threads) => [
  { name: OURS, module: '/pannier.js?build=relaxed', file: null, outputs: 'in order' },
  { name: 'simd', module: '/pannier.js?build=simd', file: null, outputs: 'in order' },
  ...(isTfjs ? [{ name: 'tfjs', module: '/tfjs.js', file: null, outputs: 'in order' }] : []),
  ...Object.entries(files).map(([name, file]) => ({
    name,
    module: `/${name}.js?threads=${threads}`,
    file,
    outputs: name === 'litert' ? outputs : 'in order',
  })),
];
