/** The README's table of what each engine can, as the suite saw it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { EngineName } from '../harness/engines/launch.js';

/** What differs from engine to engine; all else the suite holds each of them to. */
export interface Capabilities {
  readonly engine: EngineName;
  readonly version: string;
  readonly webgpu: boolean;
  /** Whether a page can ask for its storage to be kept. */
  readonly persist: boolean;
  /** A page with an open model, left and come back to, is the same page. */
  readonly comesBack: boolean;
}

const TITLES: Readonly<Record<EngineName, string>> = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKitGTK' };

const HEAD = `| tested in | webgpu | wasm, cpu | threads | weights kept | \`storage.persist\` | starts offline | back/forward cache |
|---|---|---|---|---|---|---|---|`;

const yesNo = (can: boolean) => (can ? 'yes' : 'no');

function row({ engine, version, webgpu, persist, comesBack }: Capabilities): string {
  const title = `${TITLES[engine]} ${/^\d+(\.\d+)?/.exec(version)?.[0]}`;
  const gpu = webgpu ? 'yes (software GPU)' : 'no `navigator.gpu`';
  return `| ${[title, gpu, 'yes', 'worker, page', 'yes', yesNo(persist), 'after a reload, after a restart', yesNo(comesBack)].join(' | ')} |`;
}

const README = 'README.md';
const BEGIN = '<!-- made by `npm run capabilities` -->\n\n';
const END = '\n\n<!-- end -->';

/** Holds the table to what was seen, versions apart; `npm run capabilities` writes it. Engines that are not here keep their row. */
export function expectInReadme(seen: readonly Capabilities[]): void {
  const text = readFileSync(README, 'utf8');
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END, begin);
  expect(text.indexOf(BEGIN) >= 0 && end >= begin, 'README.md has the marks of the table').toBe(true);
  const stands = text.slice(begin, end).split('\n');
  const rows = Object.entries(TITLES).flatMap(([engine, title]) => {
    const fresh = seen.find((each) => each.engine === engine);
    return fresh === undefined ? stands.filter((line) => line.startsWith(`| ${title} `)) : [row(fresh)];
  });
  const table = [HEAD, ...rows].join('\n');
  // What npm calls the script that it runs.
  if (process.env['npm_lifecycle_event'] === 'capabilities') writeFileSync(README, text.slice(0, begin) + table + text.slice(end));
  else expect(withoutVersions(stands.join('\n')), 'run `npm run capabilities`').toBe(withoutVersions(table));
}

const withoutVersions = (table: string): string => table.replace(/^(\| \w+) [\d.]+ /gm, '$1 ');
