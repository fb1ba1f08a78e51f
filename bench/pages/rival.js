/** The rival of `bench load`: core, converter and the wasm backend alone, as their README says. */

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { setBackend, tensor } from '@tensorflow/tfjs-core';

const saved = new URL(location.href).searchParams.has('again');
setWasmPaths('/dist/');
await setBackend('wasm');
const model = await loadGraphModel(saved ? 'indexeddb://pose' : '/model/model.json');
const input = tensor(new Int32Array(192 * 192 * 3).fill(100), [1, 192, 192, 3], 'int32');
const values = await model.execute(input).data();
const totalMs = performance.now();
if (!saved) await model.save('indexeddb://pose');
window.result = { totalMs, value: values[0] };
