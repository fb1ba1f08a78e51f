/** The server of the programs: it knows what it was given and nothing else. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { filesOf, serve } from '../../apps/cli/serve.js';
import { scratch } from '../fixtures/models.js';

const folder = scratch();

it('gives the files of a folder, and neither links nor folders in it', async () => {
  const inside = join(folder, 'site');
  mkdirSync(join(inside, 'deeper'), { recursive: true });
  for (const name of ['a b.js', 'deeper/c.js']) writeFileSync(join(inside, name), 'export {};');
  symlinkSync('/etc/hostname', join(inside, 'link.js'));
  const files = await filesOf(inside, '/x/');
  expect(files).toEqual([['/x/a%20b.js', join(inside, 'a b.js')]]);
  const site = await serve([['/', Buffer.from('page')], ...files]);
  onTestFinished(() => site.close());
  const host = new URL(site.url).host;
  const ask = (path: string, { method = 'GET', asHost = host } = {}) =>
    statusOf(site.url, `${method} ${path} HTTP/1.1\r\nHost: ${asHost}\r\nConnection: close\r\n\r\n`);
  expect(await ask('/x/a%20b.js')).toBe(200);
  const escapes = [
    '/x/../x/a%20b.js',
    '/x/%2e%2e/%2e%2e/etc/hostname',
    '/x/link.js',
    '/x/deeper/c.js',
    '/../../../../etc/hostname',
    '//etc/hostname',
    '/x/',
    '/x/a%20b.js%00',
  ];
  expect(await Promise.all(escapes.map((path) => ask(path)))).toEqual(escapes.map(() => 404));
  // A web site whose name was made to lead here.
  expect(await ask('/', { asHost: 'evil.example' })).toBe(404);
  expect(await ask('/', { method: 'POST' })).toBe(404);
  const page = await fetch(`${site.url}/`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('access-control-allow-origin')).toBeNull();
});

/** Status of the answer to a request that is sent as it is. */
function statusOf(url: string, request: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    connect(Number(port), hostname)
      .on('error', reject)
      .on('data', (bytes) => {
        answer += bytes;
      })
      .on('close', () => resolve(Number(answer.split(' ')[1])))
      .write(request);
  });
}
