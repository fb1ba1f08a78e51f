/** The packer's options: whatever a `pannier.config.mjs` exports, which is JavaScript. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkOptions } from '../../../src/pack/check-options.js';
import { readChecks } from '../../../src/pack/checks/checks.js';
import { readConfig } from '../../../src/pack/config.js';
import { readPicture } from '../../../src/pack/golden/picture.js';
import { planGolden } from '../../../src/pack/golden/plan.js';
import { resolveInputs } from '../../../src/pack/inputs/inputs.js';
import { readModel } from '../../../src/pack/model/read.js';
import { readSignature } from '../../../src/pack/model/signature.js';
import { type PackOptions, plainCopy } from '../../../src/pack/options.js';
import { addModel, tabularModel, tokensModel, writeModel } from '../../fixtures/models.js';
import { npy } from '../../fixtures/npy.js';
import { folderOf } from '../folder.js';
import { changed, odd, poison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const MODELS = {
  add: () => addModel(),
  picture: () => addModel([1, 4, 4, 3], new Float32Array(3)),
  open: () => addModel([-1, -1, -1, 3], new Float32Array(3)),
  tabular: () => tabularModel(),
  tokens: () => tokensModel(),
};
type ModelName = keyof typeof MODELS;

const folder = folderOf('options');
const array = join(folder, 'y.npy');

/** The model's parts, read once: options cannot change them. */
const partsOf = new Map<ModelName, ReturnType<typeof readModel>>();
function readParts(name: ModelName): ReturnType<typeof readModel> {
  const known = partsOf.get(name) ?? readModel(writeModel(MODELS[name](), join(folder, name)));
  partsOf.set(name, known);
  return known;
}

const number = fc.double({ noNaN: true, min: -300, max: 300 });
const text = fc.oneof({ weight: 20, arbitrary: fc.stringMatching(/^[a-z][\w -]{0,9}$/) }, { weight: 1, arbitrary: odd });
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { requiredKeys: [] });

const image = some({
  ...{ width: fc.constant(4), height: fc.constant(4), fit: fc.constantFrom('stretch', 'contain', 'cover') },
  ...{ filter: fc.constantFrom('bilinear', 'area', 'nearest', 'browser'), channels: fc.constantFrom('rgb', 'bgr') },
  ...{ layout: fc.constant('nhwc'), background: number, scale: fc.oneof(number, fc.tuple(number, number, number)), offset: number },
});
const COLUMNS: readonly (readonly object[])[] = [
  [{ name: 'a' }, { name: 'b', categories: ['x', 'y', 'z', 'w'] }],
  [
    { name: 'a', mean: 2, std: 3 },
    { name: 'b', categories: [1, true, 'c'], encode: 'one-hot' },
    { name: 'c', categories: ['p', 'q'], encode: 'index' },
  ],
];
const columns = fc.constantFrom(...COLUMNS);

/** What each model's inputs and outputs may be told. */
const inputs: Readonly<Record<ModelName, fc.Arbitrary<object>>> = {
  add: fc.record({ x: some({ name: text, shape: fc.constant([1, 4]) }) }),
  picture: fc.record({ x: some({ name: text, image }) }),
  open: fc.record({ x: some({ shape: fc.constant([1, 4, 4, 3]), image }) }),
  tabular: fc.record({ features: some({ columns, shape: fc.constantFrom([1, 5], [3, 5]) }) }),
  tokens: fc.record({
    ids: fc.record({ shape: fc.constant([1, 4]), pad: fc.record({ to: fc.constant([4, 8]) }) }),
    mask: fc.record({ shape: fc.constant([1, 4]), pad: fc.record({ to: fc.constant([4, 8]), value: number }) }),
  }),
};
const outputs: Readonly<Record<ModelName, fc.Arbitrary<object>>> = {
  add: fc.record({
    y: fc.record({
      name: text,
      labels: fc.array(text, { minLength: 4, maxLength: 4 }),
      values: fc.constantFrom('logits', 'probabilities'),
    }),
  }),
  picture: fc.constant({}),
  open: fc.constant({}),
  tabular: fc.record({ price: some({ name: text }) }),
  tokens: fc.constant({}),
};

/** Options that most often are right. */
const good = fc.constantFrom(...(Object.keys(MODELS) as ModelName[])).chain((model) =>
  fc.record({
    model: fc.constant(model),
    options: fc
      .record(
        {
          ...{
            model: fc.constant('model.json'),
            out: fc.constant('packed'),
            name: text,
            version: text,
            license: text,
            source: text,
            packedAt: fc.constantFrom('2026-11-22', '2026-11-22T10:30:00Z', '2026-02-31'),
            staleAfterDays: fc.double({ noNaN: true, min: 0, max: 1e4 }),
          },
          ...{ inputs: inputs[model], outputs: outputs[model], quantize: fc.constantFrom('float16', 'uint8', { '*': 'none' }) },
          ...{
            budget: some({ bytes: fc.nat(), mflop: fc.nat(), goldenError: fc.double({ noNaN: true, min: 0, max: 1 }) }),
            check: fc.boolean(),
          },
          golden: fc.constant(model === 'add' ? [{ inputs: { x: array }, expect: array, tolerance: 0.1 }] : []),
        },
        { requiredKeys: ['model', 'out'] },
      )
      .map((options): object => options),
  }),
);

const fuzzed = good.chain(({ model, options }) => fc.record({ model: fc.constant(model), options: changed(fc.constant(options), poison) }));

/** All of a packing but the runs of the graph and the files. */
async function settle(model: ModelName, given: PackOptions): Promise<void> {
  const { ends, hints, graph } = await readParts(model);
  const signature = readSignature(ends, given, hints);
  const resolved = resolveInputs(signature.inputs, () => undefined);
  planGolden(resolved, await readPicture(undefined), graph);
  const specs = Object.fromEntries(resolved.map(({ name, spec }) => [name, spec]));
  await readChecks(
    given.golden ?? [],
    specs,
    signature.outputs.map(({ name }) => name),
  );
}

export const options = surface({
  name: 'options',
  share: 250,
  inputs: fuzzed,
  async feed({ model, options: given }) {
    writeFileSync(array, npy([1, 4], new Float32Array(4).fill(1)));
    return refusable(async () => {
      const copy = plainCopy(given as PackOptions, 'What pack was given');
      checkOptions(copy);
      await settle(model, copy);
    });
  },
});

/** What the config file of this surface exports; imported once, it is asked each time. */
const EXPORTED = Symbol.for('pannier.fuzz.config');
const config = join(folder, 'pannier.config.mjs');

export const configFile = surface({
  name: 'config',
  share: 100,
  inputs: changed(
    fc.record({
      models: fc.dictionary(
        text,
        good.map(({ options: given }) => given),
        { maxKeys: 3 },
      ),
    }),
    poison,
  ),
  async feed(exported) {
    writeFileSync(config, `export default new Proxy({}, { get: (_, key) => globalThis[Symbol.for('pannier.fuzz.config')]?.[key] });`);
    Object.assign(globalThis, { [EXPORTED]: exported });
    return refusable(async () => {
      for (const { options: given } of await readConfig(config)) await refusable(() => checkOptions(given));
    });
  },
});
