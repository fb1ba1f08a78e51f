/** docs/keras.md is made from the rules, the refusals and the table of classes; `npm run keras` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kerasPage } from './keras-page.js';

test('docs/keras.md is the page that `npm run keras` makes', () => {
  const page = kerasPage();
  // npm puts the name of the script that it runs here.
  if (process.env['npm_lifecycle_event'] === 'keras') writeFileSync('docs/keras.md', page);
  else expect(readFileSync('docs/keras.md', 'utf8')).toBe(page);
});
