/** docs/faults.md and the tests that cite its codes, held to each other. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** A test's title that begins with codes: `S8, S9: …` or `B4 to B6: …`. */
const CITED = /['"`]([A-Z]\d+)((?:(?:, | to )[A-Z]\d+)*): /g;

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && name !== 'test/faults.test.ts');

/** Files by the codes that their tests cite. */
const citing = new Map<string, string[]>();
for (const file of files) {
  for (const [, first = '', more = ''] of readFileSync(file, 'utf8').matchAll(CITED)) {
    for (const code of between(first, more)) citing.set(code, [...(citing.get(code) ?? []), file]);
  }
}

const rows = [...readFileSync('docs/faults.md', 'utf8').matchAll(/^\| ([A-Z]\d+) \|(.*)\|$/gm)].map(([, code = '', rest = '']) => ({
  code,
  cells: rest.split('|').map((cell) => cell.trim()),
}));

/** All codes of a title; `B4 to B6` names B5 too. */
function between(first: string, more: string): string[] {
  const codes = [first];
  for (const [, word, code = ''] of more.matchAll(/(, | to )([A-Z]\d+)/g)) {
    const letter = code.charAt(0);
    const from = word === ' to ' ? Number((codes.at(-1) as string).slice(1)) + 1 : Number(code.slice(1));
    for (let number = from; number <= Number(code.slice(1)); number++) codes.push(`${letter}${number}`);
  }
  return codes;
}

test('every code that a test cites has a row', () => {
  const known = rows.map(({ code }) => code);
  expect(new Set(known).size).toBe(known.length);
  expect([...citing.keys()].filter((code) => !known.includes(code)).map((code) => `${code} in ${citing.get(code)}`)).toEqual([]);
});

test.each(rows)('$code says what happens, and each test that it names cites it', ({ code, cells }) => {
  const [fault, outcome, tests = ''] = cells;
  expect([fault, outcome]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
  const named = [...tests.matchAll(/`([^`]+)`/g)].map(([, file]) => file);
  expect(named).not.toEqual([]);
  expect(named.filter((file) => !citing.get(code)?.includes(file as string))).toEqual([]);
});
