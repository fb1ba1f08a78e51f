/** LiteRT.js in a browser that starts but does not close. */
import { expect, it, vi } from 'vitest';
import { withLiteRt } from '../../src/pack/checks/litert.js';

const urls: string[] = [];
vi.mock('../../src/pack/checks/browser.js', () => ({
  startBrowser: async ({ url, onUndo }: { url: string; onUndo: (undo: () => Promise<unknown>) => void }) => {
    urls.push(url);
    onUndo(() => Promise.reject(new Error('The browser does not close.')));
    return { page: undefined };
  },
}));

it('closes its server although the browser does not close', async () => {
  const status = withLiteRt('.', async () => (await fetch(urls[0]!)).status);
  await expect(status).rejects.toThrow('The browser does not close.');
  await expect(fetch(urls[0]!)).rejects.toThrow('fetch failed');
});
