/** What `pannier diff` makes of two signatures and of two answers, and that no name of a model is markup in a pull request. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../apps/cli/difference/compare-answers.js';
import type { Difference } from '../../apps/cli/difference/difference.js';
import { differenceMarkdown } from '../../apps/cli/difference/markdown.js';
import { signatureChanges } from '../../apps/cli/difference/signature.js';
import { differenceText } from '../../apps/cli/difference/text.js';
import { onPaper } from '../../apps/cli/print.js';
import type { ColumnSpec, ImageSpec, InputSpec, Manifest, OutputSpec } from '../../src/manifest/manifest.js';
import type { AnyOutputs } from '../../src/manifest/signature.js';

type Signature = Manifest['signature'];

const image: ImageSpec = {
  ...{ width: 8, height: 8, fit: 'stretch', filter: 'bilinear', channels: 'rgb', layout: 'nhwc' },
  ...{ scale: [1, 1, 1], offset: [0, 0, 0] },
};
const input = (more: Partial<InputSpec> = {}): InputSpec => ({ dtype: 'float32', shape: [1, 8, 8, 3], ...more });
const output = (more: Partial<OutputSpec> = {}): OutputSpec => ({ dtype: 'float32', shape: [1, 3], ...more });
const signature = (x: InputSpec, y: OutputSpec = output()): Signature => ({ inputs: { x }, outputs: { y } });

function difference(more: Partial<Difference> = {}): Difference {
  const costs = { name: 'm', version: '0', bytes: 4_810_000, flops: 2e9, memory: { weightsBytes: 1e6, intermediateBytes: 0 } };
  return {
    old: { ...costs, backends: ['webgpu', 'wasm', 'cpu'] },
    new: { ...costs, backends: ['webgpu', 'wasm', 'cpu'] },
    downloads: { bytes: 0, shards: { changed: 0, of: 3 }, others: { changed: 0, of: 3 } },
    signature: [],
    answers: { backend: 'wasm', samples: 2, outputs: {} },
    ...more,
  };
}

/** The lines of the section on the signature. */
const told = (old: Signature, now: Signature): string[] =>
  differenceText(difference({ signature: signatureChanges(old, now) }), onPaper({}))
    .split('\n')
    .filter((line) => /^ {2}(in|out)put /.test(line))
    .map((line) => line.trim());

describe('a signature', () => {
  it('has types', () => {
    expect(signatureChanges(signature(input()), signature(input()))).toEqual([]);
    expect(told(signature(input()), signature(input({ dtype: 'int32', shape: [null, 8, 8, 3] })))).toEqual([
      'input x: dtype float32 → int32',
      'input x: shape [1, 8, 8, 3] → [?, 8, 8, 3]',
    ]);
  });

  it('has inputs and outputs that come and go', () => {
    const old = { inputs: { x: input() }, outputs: { y: output({ shape: null }) } };
    const now = { inputs: { toString: input() }, outputs: {} };
    expect(told(old, now)).toEqual([
      'input x is gone, float32 [1, 8, 8, 3]',
      'input toString is new, float32 [1, 8, 8, 3]',
      'output y is gone, float32 any rank',
    ]);
  });

  it('has preprocessing', () => {
    expect(
      told(signature(input({ image })), signature(input({ image: { ...image, scale: [2, 2, 2], offset: [1, 2, 3], fit: 'cover' } }))),
    ).toEqual(['input x: image fit stretch → cover', 'input x: image scale 1 → 2', 'input x: image offset 0 → [1, 2, 3]']);
    expect(told(signature(input()), signature(input({ image })))).toEqual(['input x: image none → picture of 8 × 8, rgb']);
    expect(
      told(signature(input({ pad: { to: [16], axis: 1, value: 0 } })), signature(input({ pad: { to: [16, 32], axis: 1, value: 0 } }))),
    ).toEqual(['input x: pad to 16 → [16, 32]']);
  });

  it('has columns, each by its name', () => {
    const columns = (...names: ColumnSpec[]) => signature(input({ columns: names }));
    const age = { name: 'age', mean: 3, std: 1 };
    const city = { name: 'city', categories: ['Bern', 'Basel'], encode: 'one-hot' as const };
    expect(told(columns(age, city), columns(city, age))).toEqual(['input x: columns 2 → 2, in another order']);
    expect(told(columns(age, city), columns({ ...city, categories: ['Bern', 'Chur', 'Thun'] }))).toEqual([
      'input x: columns 2 → 1, without age',
      'input x: column city categories 2 → 3, without Basel, with Chur, Thun',
    ]);
    expect(told(columns(age), columns({ ...age, std: 2.5 }))).toEqual(['input x: column age std 1 → 2.5']);
  });

  it('has labels, of which few are written out', () => {
    const many = Array.from({ length: 9 }, (_, index) => `l${index}`);
    const labelled = (labels: readonly string[]) => signature(input(), output({ labels, values: 'logits' }));
    expect(told(labelled(['cat', 'dog']), labelled(['dog', 'cat']))).toEqual(['output y: labels 2 → 2, in another order']);
    expect(told(labelled(['cat']), labelled(['cat', ...many]))).toEqual(['output y: labels 1 → 10, with l0, l1, l2, l3, l4 and 4 more']);
    expect(told(signature(input()), labelled(many))).toEqual(['output y: labels none → 9 values', 'output y: values none → logits']);
  });
});

describe('answers', () => {
  const answer = (data: number[], more: object = {}): AnyOutputs => ({
    y: { dtype: 'float32', shape: [1, data.length], data: Float32Array.from(data), ...more },
  });
  const compared = (old: AnyOutputs, now: AnyOutputs) => compareAnswers([old], [now])['y'];

  it('are as far apart as their values, as a share of the old spread', () => {
    expect(compared(answer([0, 2, 4]), answer([0, 3, 4]))).toEqual({
      maxAbsDifference: 1,
      shareOfSpread: 0.25,
      meanAbsDifference: 1 / 3,
      sameTop: { same: 1, of: 1 },
    });
    expect(compareAnswers([answer([0, 4]), answer([0, 1])], [answer([0, 4]), answer([1, 0])])['y']).toEqual({
      maxAbsDifference: 1,
      shareOfSpread: 1,
      meanAbsDifference: 0.5,
      sameTop: { same: 1, of: 2 },
    });
  });

  it('have the same top by label, where labels are known', () => {
    const of = (labels: string[], shape = [1, 1, 2]) => ({ labels, values: 'logits', shape });
    expect(compared(answer([5, 1], of(['cat', 'dog'])), answer([1, 5], of(['dog', 'cat'])))?.sameTop).toEqual({ same: 1, of: 1 });
    expect(compared(answer([5, 1], of(['cat', 'dog'])), answer([5, 1], of(['dog', 'cat'])))?.sameTop).toEqual({ same: 0, of: 1 });
    expect(compared(answer([5, 1, 1, 5], of(['a', 'b'], [2, 2])), answer([5, 1, 5, 1], of(['a', 'b'], [2, 2])))?.sameTop).toEqual({
      ...{ same: 1, of: 2 },
    });
    expect(compared(answer([5, 1], { shape: [1, 1, 2] }), answer([5, 1], { shape: [1, 1, 2] }))?.sameTop).toBeUndefined();
    expect(compared(answer([5], {}), answer([5], {}))?.sameTop).toBeUndefined();
  });

  it('are as far apart as can be where only one is a number', () => {
    expect(compared(answer([1, Number.NaN]), answer([1, Number.NaN]))?.maxAbsDifference).toBe(0);
    for (const [old, now] of [
      [Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY],
      [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    ] as const)
      expect(compared(answer([1, old]), answer([1, now]))).toMatchObject({
        ...{ maxAbsDifference: null, shareOfSpread: null, meanAbsDifference: null },
        note: 'a value is NaN or infinite in one of them',
      });
  });

  it('of another type are not compared', () => {
    expect(compared(answer([1, 2]), answer([1, 2], { shape: [2, 1] }))).toMatchObject({
      ...{ maxAbsDifference: null, note: 'float32 [1, 2] → float32 [2, 1]' },
    });
    expect(compareAnswers([answer([1])], [{}])).toEqual({});
  });
});

describe('the text', () => {
  it('says how much each cost changes, and which backends are lost', () => {
    const base = difference();
    const text = differenceText(
      difference({
        new: { ...base.new, bytes: 4_800_000, flops: 3e9, backends: ['wasm', 'cpu'], version: '3' },
        downloads: { bytes: 99_999, shards: { changed: 1, of: 1 }, others: { changed: 2, of: 3 } },
      }),
      onPaper({}),
    );
    expect(text.split('\n').slice(0, 9)).toEqual([
      'm → 3',
      '',
      'Costs',
      '                                old        new',
      '  first download            4.81 MB     4.8 MB  −0.21 %',
      '  update                                100 kB  1 of 1 shard, 2 of 3 other files',
      '  work of a call          2.0 GFLOP  3.0 GFLOP  +50 %',
      '  memory                       1 MB       1 MB  the same',
      '  backends        webgpu, wasm, cpu  wasm, cpu',
    ]);
  });

  it('has an answer in each row, with a note where there is one', () => {
    const outputs = {
      scores: { maxAbsDifference: 0.25, shareOfSpread: 0.5, meanAbsDifference: 0.125, sameTop: { same: 1, of: 2 } },
      same: { maxAbsDifference: 0, shareOfSpread: 0, meanAbsDifference: 0 },
      broken: { maxAbsDifference: null, shareOfSpread: null, meanAbsDifference: null, note: 'a value is NaN' },
      tiny: { maxAbsDifference: 1e-9, shareOfSpread: 1e-10, meanAbsDifference: 1e-10 },
    };
    const text = differenceText(difference({ answers: { backend: 'cpu', samples: 2, outputs } }), onPaper({}));
    expect(text.split('\n').slice(-6)).toEqual([
      '          largest difference   of the spread  mean difference  same top answer',
      '  scores              0.2500            50 %           0.1250           1 of 2',
      '  same                  none',
      '  broken             unknown                                                    a value is NaN',
      '  tiny               1.00e-9  below 0.0001 %         1.00e-10',
      '',
    ]);
  });

  it('moves no cursor', () => {
    const name = 'a\u001b[2Jb\nc';
    expect(differenceText(difference({ answers: { reason: name } }), onPaper({}))).toMatch(/since ab c\n$/);
  });
});

describe('Markdown', () => {
  it.each([
    ['@everyone', '`@everyone`'],
    ['a|b', '`a\\|b`'],
    ['a`b``c', '``` a`b``c ```'],
    ['<img src=x>\n# big', '`<img src=x> # big`'],
  ])('shows the name %j as it is', (name, shown) => {
    const outputs = { [name]: { maxAbsDifference: 0, shareOfSpread: 0, meanAbsDifference: 0 } };
    expect(differenceMarkdown(difference({ answers: { backend: 'wasm', samples: 2, outputs } }))).toContain(`\n| ${shown} | none |\n`);
  });

  it('lists changes of the signature', () => {
    const changes = signatureChanges(signature(input(), output({ labels: ['a|b', 'c'], values: 'logits' })), {
      inputs: { x: input({ dtype: 'int32' }) },
      outputs: { y: output({ labels: ['c', 'd'], values: 'logits' }) },
    });
    expect(differenceMarkdown(difference({ signature: changes }))).toContain(`**Signature**

* input \`x\`: \`dtype\` \`float32\` → \`int32\`
* output \`y\`: \`labels\` 2 → 2, without \`a|b\`, with \`d\`

`);
  });

  it('looks as docs/staleness.md shows it', () => {
    const { old } = difference();
    const costs = { ...old, name: 'emotion', flops: 131_905_582, memory: { weightsBytes: 820_508, intermediateBytes: 1_092_864 } };
    const labelled = (label: string): Signature => {
      const labels = ['angry', 'disgust', 'fear', 'happy', 'sad', label, 'neutral'];
      return { inputs: { face: input() }, outputs: { scores: output({ labels, values: 'probabilities' }) } };
    };
    const shown = differenceMarkdown({
      old: { ...costs, version: '2026.10', bytes: 864_900 },
      new: {
        ...costs,
        version: '2026.11',
        bytes: 456_800,
        quantized: { originalBytes: 1, kinds: { float16: { weights: 16, bytes: 1 } }, maxError: 0 },
      },
      downloads: { bytes: 456_800, shards: { changed: 1, of: 1 }, others: { changed: 3, of: 3 } },
      signature: signatureChanges(labelled('surprise'), labelled('surprised')),
      answers: {
        ...{ backend: 'wasm', samples: 4 },
        outputs: {
          scores: { maxAbsDifference: 0.00075381, shareOfSpread: 0.0015, meanAbsDifference: 0.00011121, sameTop: { same: 4, of: 4 } },
        },
      },
    });
    const page = readFileSync('docs/staleness.md', 'utf8');
    for (const line of shown.trimEnd().split('\n').slice(1)) expect(page).toContain(`\n${`> ${line}`.trimEnd()}\n`);
  });
});
