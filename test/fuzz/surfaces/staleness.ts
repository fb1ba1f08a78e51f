/** How old a model is and how sure it was, as a manifest tells it; and what the model answers then. */
import fc from 'fast-check';
import type { Model, ModelEvents } from '../../../src/api/model.js';
import type { DType } from '../../../src/base/dtype.js';
import { ageOf, watchDrift } from '../../../src/drift/index.js';
import { checkDetails } from '../../../src/manifest/details.js';
import { readManifest } from '../../../src/manifest/manifest.js';
import { infoOf } from '../../../src/predict/info.js';
import { fakeModel } from '../../fixtures/fakes.js';
import { changed, poison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const { manifest: fresh } = fakeModel();
const outputs = Object.keys(fresh.signature.outputs);

const edge = fc.double({ noNaN: true, min: -2, max: 2 });
const drift = fc.uniqueArray(edge, { maxLength: 8 }).chain((edges) =>
  fc.record({
    output: fc.constantFrom(...outputs),
    edges: fc.constant([...edges].sort((one, other) => one - other)),
    counts: fc.array(fc.maxSafeNat(), { minLength: edges.length + 1, maxLength: edges.length + 1 }),
    answers: fc.oneof(fc.nat({ max: 400 }), fc.maxSafeNat()),
  }),
);

const days = fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }).map((date) => date.toISOString());
const told = fc.record(
  {
    drift,
    packedAt: fc.oneof(
      days,
      days.map((day) => day.slice(0, 10)),
    ),
    staleAfterDays: fc.double({ noNaN: true, min: 0 }),
  },
  { requiredKeys: [] },
);

const value = fc.oneof(fc.double(), fc.double({ min: 0, max: 1 }));
const answer = fc
  .record({
    shape: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
    values: fc.array(value, { minLength: 1, maxLength: 8 }),
    dtype: fc.constantFrom<DType>('float32', 'int32', 'bool'),
  })
  .map(({ shape, values, dtype }) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return { dtype, shape, data: Float32Array.from({ length: size }, (_, at) => values[at % values.length] as number) };
  });

export const staleness = surface({
  name: 'staleness',
  share: 60,
  inputs: fc.record({
    fields: fc.oneof({ weight: 1, arbitrary: told }, { weight: 3, arbitrary: changed(told, poison) }),
    answers: fc.array(answer, { maxLength: 4 }),
    kind: fc.constantFrom(undefined, 'logits' as const, 'probabilities' as const),
    repeats: fc.constantFrom(1, 1, 200),
  }),
  feed: ({ fields, answers, kind, repeats }) =>
    refusable(() => {
      const read = readManifest({ ...fresh, ...(fields as object) });
      checkDetails(read);
      const heard = new Set<(event: { detail: ModelEvents['prediction'] }) => void>();
      const info = infoOf(read);
      const model = { name: read.name, info, addEventListener: (_: string, listener: never) => heard.add(listener) };
      const { days, stale } = ageOf(model);
      if (typeof stale !== 'boolean' || (days !== undefined && !(Number.isInteger(days) && days >= 0)))
        throw new Error(`It is ${days} days old, and stale: ${stale}.`);
      if (info.drift === undefined) return;
      const drift = { ...info.drift, values: kind };
      const watch = watchDrift({ ...model, info: { ...info, drift } } as unknown as Model);
      for (let round = 0; round < repeats; round++)
        for (const each of answers)
          for (const tell of heard) tell({ detail: { backend: 'cpu', outputs: { [drift.output]: each } } as never });
      const { count, answers: seen, counts, index } = watch.read();
      if (counts.length !== drift.counts.length || counts.reduce((sum, each) => sum + each, 0) !== count || seen > count)
        throw new Error(`${count} scores of ${seen} answers are counted as ${counts}.`);
      if (index !== undefined && !(Number.isFinite(index) && index >= 0)) throw new Error(`The index is ${index}.`);
    }),
});
