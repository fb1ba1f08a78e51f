/** The generated module and its declarations: what they say, and that no text gets out of its quotes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pack } from '../../src/pack/index.js';
import { addModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
const root = new URL('../..', import.meta.url).pathname;
const declarations = (out: string) => readFileSync(join(out, 'model.d.ts'), 'utf8');

it('declares pictures, open sizes and outputs', async () => {
  const { out } = await pack({
    model: realModel('movenet-lightning'),
    out: join(folder, 'pose'),
    name: 'pose',
    inputs: { input: { name: 'image' } },
    outputs: { Identity: { name: 'keypoints' } },
  });
  expect(declarations(out)).toBe(`// Written by \`pannier pack\` from movenet-lightning.json. Do not edit.
import type { ImageInput, ModelSource, Shaped, Tensor } from 'pannier';

export type PoseInputs = {
  /** int32 [1, 192, 192, 3]; a picture is stretched to 192 × 192 */
  readonly image: ImageInput | Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray | Shaped<'int32', readonly [1, 192, 192, 3]>;
};

export type PoseOutputs = {
  /** float32 [1, 1, 17, 3] */
  readonly keypoints: Tensor<'float32', readonly [1, 1, 17, 3]>;
};

declare const pose: ModelSource<PoseInputs, PoseOutputs>;
export default pose;
`);
});

it('offers a bare array for one open size, not for two', async () => {
  const one = await pack({ model: writeModel(addModel([-1, 4]), join(folder, 'one')), out: join(folder, 'one-out') });
  expect(declarations(one.out)).toContain("readonly x: Float32Array | Shaped<'float32', readonly [batch: number, 4]>;");
  const two = await pack({
    model: writeModel(addModel([-1, -1]), join(folder, 'two')),
    out: join(folder, 'two-out'),
    inputs: { x: { shape: [1, 4] } },
  });
  expect(declarations(two.out)).toContain("readonly x: Shaped<'float32', readonly [batch: number, size: number]>;");
});

// B11. `</script>` must not end a script element, U+2028 no line, a direction mark must not turn the source.
const NASTY = [
  '</script><script>alert(1)</script>',
  'a\u2028b',
  `$${'{process.exit(1)}'}`,
  "it's",
  '\\',
  '"',
  '*/',
  '`',
  '\u202e',
  'línea',
  '\ud800',
  "'; throw 1; '",
];

it.each([
  ['eval', 'model'],
  ['arguments', 'model'],
  ['Arguments', 'model'],
  ['undefined', 'model'],
  ['let', 'model'],
  ['3d', 'model'],
  ['async', 'async'],
  ['hand-pose.v2', 'handPoseV2'],
])('exports a model called %s as %s', async (name, exported) => {
  const { out } = await pack({ model: writeModel(addModel(), join(folder, 'named')), out: join(folder, 'named-out'), name });
  expect(declarations(out)).toContain(`\ndeclare const ${exported}: ModelSource<`);
});

it('holds labels and texts that want out', async () => {
  const labels = [...NASTY];
  const w = Float32Array.from(labels, (_, index) => index);
  const { out, manifest } = await pack({
    model: writeModel(addModel([1, labels.length], w), join(folder, '`; throw 1')),
    out: join(folder, 'nasty-out'),
    name: '*/ throw </script>',
    license: NASTY.join(),
    inputs: { x: { name: "a'b" } },
    outputs: { y: { name: '*/', labels, values: 'probabilities' } },
  });
  for (const file of ['model.js', 'model.d.ts']) {
    const text = readFileSync(join(out, file), 'utf8');
    expect(text).not.toMatch(/<\/|<!--|[\u2028\u2029\u202e]/);
  }
  const exported = (await import(join(out, 'model.js'))).default;
  expect(exported.signature.outputs['*/'].labels).toEqual(labels);
  expect(exported.name).toBe(manifest.name);
});

it('compiles, with the types that it promises', async () => {
  const place = join(folder, 'types');
  const pose = await pack({
    model: realModel('liveness'),
    out: join(place, 'live'),
    name: 'class',
    outputs: { activation_6: { name: 'face', labels: ['real', "it's fake"], values: 'probabilities' } },
  });
  await pack({ model: writeModel(twoInputModel(), join(folder, 'sum')), out: join(place, 'sum'), inputs: { a: { name: 'left-hand' } } });
  await pack({
    model: writeModel(addModel([1, NASTY.length], new Float32Array(NASTY.length).fill(1)), join(folder, 'n')),
    out: join(place, 'n'),
    outputs: { y: { labels: NASTY, values: 'logits' } },
  });
  await pack({ model: writeModel(addModel(), join(folder, 'a')), out: join(place, 'eval'), name: 'eval' });
  await pack({ model: writeModel(addModel(), join(folder, 'a')), out: join(place, 'arguments'), name: 'arguments' });
  expect(declarations(pose.out)).toContain('declare const model: ModelSource<ModelInputs, ModelOutputs>;');
  mkdirSync(join(place, 'pannier'));
  writeFileSync(
    join(place, 'pannier/index.ts'),
    `export type * from '${root}src/manifest/manifest.js';\nexport type * from '${root}src/manifest/signature.js';\n`,
  );
  writeFileSync(
    join(place, 'app.ts'),
    `import type { ModelSource } from 'pannier';
import live from './live/model.js';
import sum from './sum/model.js';
import nasty from './n/model.js';
type In<T> = T extends ModelSource<infer I, infer _O> ? I : never;
type Out<T> = T extends ModelSource<infer _I, infer O> ? O : never;
export const all: ModelSource[] = [live, sum, nasty];
export const label: Out<typeof live>['face']['labels'][number] = "it's fake";
// @ts-expect-error not one of the labels
export const wrong: Out<typeof live>['face']['labels'][number] = 'fake';
export const inputs: In<typeof sum> = { 'left-hand': Float32Array.of(1, 2, 3), second: Uint8Array.of(1, 2, 3) };
// @ts-expect-error second is missing
export const less: In<typeof sum> = { 'left-hand': Float32Array.of(1, 2, 3) };
`,
  );
  writeFileSync(
    join(place, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: '/',
        noEmit: true,
        skipLibCheck: false,
        noUnusedLocals: false,
        lib: ['es2023', 'dom', 'dom.iterable'],
        paths: { pannier: ['./pannier/index.ts'] },
      },
      include: ['.'],
    }),
  );
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', place], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
