/** Files of TensorFlow Lite against LiteRT.js in a browser; all of them: `npm run conformance -- tflite` and `-- tflite-files`. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { longTest } from '../tier.js';
import { FILES } from './tflite-files/files.mjs';
import { run as runFiles } from './tflite-files/run.mjs';

/** Expects that each is packed and compiled, and answers as LiteRT.js does on each of its targets, and as its twin. */
async function expectHeld(files: readonly string[]): Promise<void> {
  const { rows } = await runFiles({ files, print: () => undefined });
  expect(rows.filter(({ holds }) => !holds)).toEqual([]);
  expect(rows.map(({ name }) => name)).toEqual(files);
}

test('a detector of faces answers as in LiteRT.js', { timeout: 120_000 }, () => expectHeld(['face-short']));

longTest('hands and selfies answer so, and as the same weights in TF.js', { timeout: 300_000 }, () => expectHeld(['hand-lite', 'selfie']));

const evidence = (name: string) => JSON.parse(readFileSync(`test/evidence/${name}.json`, 'utf8')).result;

/** The text between two comments of docs/formats.md. */
function told(name: string): string {
  const [, text = ''] = readFileSync('docs/formats.md', 'utf8').match(new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`)) ?? [];
  return text.trim();
}

test('docs/formats.md has the counts of the last run', () => {
  const { files, answered, refused, compared, off } = evidence('tflite');
  expect(off).toBe(0);
  expect(told('tflite').replace(/\s+/g, ' ')).toBe(
    `Of ${files} files, ${answered} are answered and ${refused} are refused by name. ${compared} graphs are those that LiteRT.js runs: each is within 1e-4 of its largest value.`,
  );
});

test('docs/formats.md has the figures of the last run of files', () => {
  const { rows } = evidence('tflite-files') as { readonly rows: readonly Row[] };
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(FILES));
  expect(told('tflite-files').split('\n').slice(2)).toEqual(rows.map(lineOf));
});

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly ops: number;
  readonly packMs: number;
  readonly peakBytes: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly twinError?: number;
}

function lineOf({ name, bytes, ops, packMs, peakBytes, errors, twinError }: Row): string {
  const all = { ...errors, ...(twinError !== undefined && { 'its twin': twinError }) };
  const distances = Object.entries(all).map(([target, error]) => `${target} ${error.toExponential(0)}`);
  const packing = `${(packMs / 1000).toFixed(1)} s, ${Math.round(peakBytes / 2 ** 20)} MB`;
  return `| ${name} | ${(bytes / 1e6).toFixed(1)} MB | ${ops} | ${packing} | ${distances.join(', ')} |`;
}
