/** Files of ONNX that people use, against onnxruntime-web in a browser; all of them: `npm run conformance -- onnx-files`. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { longTest } from '../tier.js';
import { FILES } from './onnx-files/files.mjs';
import { run } from './onnx-files/run.mjs';

/** Expects that each is packed, and answers as onnxruntime-web does on each of its targets, and as its twin. */
async function expectHeld(files: readonly string[]): Promise<void> {
  const { rows } = await run({ files, print: () => undefined });
  expect(rows.filter(({ holds }) => !holds)).toEqual([]);
  expect(rows.map(({ name }) => name)).toEqual(files);
}

test('a detector of faces answers as in its own runtime, and as the same weights in TF.js', { timeout: 120_000 }, () =>
  expectHeld(['blazeface-front']),
);

longTest('detectors of voice, on webgpu, too', { timeout: 300_000 }, () => expectHeld(['silero-legacy', 'silero-v5', 'silero-v6']));

longTest('the reader of texts, too', { timeout: 300_000 }, () => expectHeld(['pp-ocr-det', 'pp-ocr-cls', 'pp-ocr-rec']));

test('docs/formats.md has the figures of the last run', () => {
  const { rows } = JSON.parse(readFileSync('test/evidence/onnx-files.json', 'utf8')).result;
  expect(rows.map(({ name }: { name: string }) => name)).toEqual(Object.keys(FILES));
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const told = rows.map(
    ({ name, bytes, ops, packMs, errors }: Row) =>
      `| ${name} | ${megabytes(bytes)} | ${ops} | ${(packMs / 1000).toFixed(1)} s | ${errorsText(errors)} |`,
  );
  const [, table = ''] = readFileSync('docs/formats.md', 'utf8').match(/<!-- files -->\n([\s\S]*?)<!-- \/files -->/) ?? [];
  expect(table.trim().split('\n').slice(2)).toEqual(told);
});

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly ops: number;
  readonly packMs: number;
  readonly errors: Readonly<Record<string, number>>;
}

const errorsText = (errors: Readonly<Record<string, number>>): string =>
  Object.entries(errors)
    .map(([target, error]) => `${target} ${error.toExponential(0)}`)
    .join(', ');
