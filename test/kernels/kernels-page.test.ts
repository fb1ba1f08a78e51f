/** docs/kernels.md is made from the suite and the table of known faults; `npm run kernels` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernelsPage } from './kernels-page.js';

test('docs/kernels.md is the page that `npm run kernels` makes', () => {
  const page = kernelsPage();
  // npm puts the name of the script that it runs here.
  if (process.env['npm_lifecycle_event'] === 'kernels') writeFileSync('docs/kernels.md', page);
  else expect(readFileSync('docs/kernels.md', 'utf8')).toBe(page);
});
