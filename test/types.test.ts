/** Right programs compile in three kinds of project, wrong ones do not, and the compiler's words and work stay small. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What the programs of the API page take for granted. */
const AROUND = `import { loadModel } from 'pannier';
import { boxes, keypoints, maskImage, topK } from 'pannier/read';
${['detector', 'pets', 'pose', 'prices', 'selfie'].map((name) => `import ${name}Source from '../../test/types/models/${name}.js';\n`).join('')}
declare const file: File, canvas: HTMLCanvasElement, video: HTMLVideoElement, context: CanvasRenderingContext2D;
declare const signal: AbortSignal, reused: Float32Array<ArrayBuffer>, COCO: readonly string[];
declare function draw(points: readonly { x: number; y: number }[]): void;
const [classifier, detector, pose] = await Promise.all([loadModel(petsSource), loadModel(detectorSource), loadModel(poseSource)]);
const [prices, selfie] = await Promise.all([loadModel(pricesSource), loadModel(selfieSource)]);
`;

const tsc = (...args: string[]) => {
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout };
};

test.each([
  ['dom', 'a page'],
  ['worker', 'a worker'],
  ['es', 'no platform at all'],
])('%s: right programs compile, with the types of %s', (project) => {
  expect(tsc('-p', `test/types/${project}`)).toEqual({ status: 0, stdout: '' });
});

test('the five programs of the API page compile as they stand there', () => {
  const [, section = ''] = readFileSync('docs/api.md', 'utf8').split('## The five programs');
  const programs = (section.match(/^```ts\n([\s\S]*?)^```/m)?.[1] ?? '').split(/^(?=\/\/ \d\. )/m);
  expect(programs).toHaveLength(5);
  const folder = '.cache/programs';
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/programs.ts`, `${AROUND}${programs.map((program) => `{\n${program}}\n`).join('')}`);
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: '../../test/types/dom/tsconfig.json', include: ['.'] }));
  expect(tsc('-p', folder)).toEqual({ status: 0, stdout: '' });
});

test('wrong programs do not compile, and the compiler says why in words that help', async () => {
  const source = readFileSync('test/types/wrong/programs.ts', 'utf8').split('\n');
  const { stdout } = tsc('-p', 'test/types/wrong');
  const messages = new Map<number, string[]>();
  let line = 0;
  for (const text of stdout.trimEnd().split('\n')) {
    const [, at, message = text] = text.match(/^\S+programs\.ts\((\d+),\d+\): error (TS.*)/) ?? [];
    if (at !== undefined) line = Number(at);
    messages.set(line, [...(messages.get(line) ?? []), message]);
  }
  // Every program is one line under its comment.
  const programs = source.map((text, index) => (text.startsWith('// ') ? index + 2 : 0)).filter((each) => each > 0);
  expect(programs.filter((each) => !messages.has(each)).map((each) => `compiles: ${source[each - 1]}`)).toEqual([]);
  expect([...messages.keys()].filter((each) => !programs.includes(each)).map((each) => messages.get(each))).toEqual([]);
  const shown = programs.map(
    (each) =>
      `${source[each - 2]}\n${source[each - 1]}\n${messages
        .get(each)
        ?.map((text) => `    ${text}`)
        .join('\n')}\n`,
  );
  await expect(shown.join('\n')).toMatchFileSnapshot('types/messages.txt');
});

test('a hundred models cost the compiler little', () => {
  const folder = '.cache/types';
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = Array.from({ length: 100 }, (_, index) => `model${index}`);
  const tensors = (side: string, type: (index: number) => string) =>
    Array.from({ length: 10 }, (_, index) => `  readonly ${side}${index}: ${type(index)};\n`).join('');
  for (const name of names) {
    writeFileSync(
      `${folder}/${name}.d.ts`,
      `import type { ImageInput, LabelledTensor, ModelSource, Shaped, Tensor } from 'pannier';
export type Inputs = {\n${tensors('in', (index) => `ImageInput | Float32Array | Shaped<'float32', readonly [number, ${index}, 3]>`)}};
export type Outputs = {\n${tensors('out', (index) => (index === 0 ? `LabelledTensor<'${name}' | 'none', 'float32', readonly [number, 2]>` : `Tensor<'float32', readonly [number, ${index}]>`))}};
declare const model: ModelSource<Inputs, Outputs>;
export default model;
`,
    );
  }
  const uses = names.map(
    (name) => `export const ${name} = (await (await loadModel(${name}Source)).predict({} as never)).outputs.out9.data;\n`,
  );
  const imports = names.map((name) => `import ${name}Source from './${name}.js';\n`);
  writeFileSync(`${folder}/uses.ts`, `import { loadModel } from 'pannier';\n${imports.join('')}${uses.join('')}`);
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: '../../test/types/dom/tsconfig.json', include: ['.'] }));
  const { status, stdout } = tsc('-p', folder, '--extendedDiagnostics');
  expect(status, stdout).toBe(0);
  const instantiations = Number(stdout.match(/^Instantiations:\s+(\d+)/m)?.[1]);
  console.log(`100 models of 20 tensors: ${instantiations} instantiations`);
  expect(instantiations).toBeLessThan(40_000);
});
