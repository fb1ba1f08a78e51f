/** LiteRT's and tflite-micro's test files, read and run on the reference, against LiteRT.js in a browser. */
import { bundled } from './bundled.mjs';

/** @param {readonly string[]} names parts of the names of files; without any, all run */
export async function run(names = []) {
  const { run: hold } = await bundled('test/conformance/tflite/main.ts');
  const result = await hold(names);
  if (result === undefined) console.log('skipped: ../shared/data/tflite-tests.tar.xz is not there. PANNIER_DATA says where its folder is.');
  return result ?? { passes: false };
}
