/** `npm start`: serves the built examples under the strict policy that they are tested with. */
import { createServer } from 'node:http';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sirv from 'sirv';

/** Everything that an example needs is on its own server, and nothing is made of text. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types pannier',
].join('; ');

/** What lies where: the pages that Vite built, and for the page without a bundler the files as they are. */
export const FOLDERS = {
  '/': 'examples/dist',
  '/examples/': 'examples',
  '/dist/': 'dist',
  '/test/fixtures/': 'test/fixtures',
};

/** Starts the server, on a free port where the asked one is taken; answers with its address. */
export async function serveExamples(port) {
  const root = new URL('../', import.meta.url);
  const mounts = Object.entries(FOLDERS)
    .map(([prefix, folder]) => ({ prefix, files: sirv(fileURLToPath(new URL(folder, root)), { dev: true }) }))
    .sort((one, other) => other.prefix.length - one.prefix.length);
  const server = createServer((request, response) => {
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const { prefix, files } = mounts.find(({ prefix }) => request.url.startsWith(prefix)) ?? mounts.at(-1);
    request.url = request.url.slice(prefix.length - 1);
    files(request, response);
  });
  const listen = (wanted) =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', resolve);
    });
  await listen(port).catch(() => listen(0));
  return { url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await serveExamples(Number(process.env['PORT'] ?? 5173));
  console.log(`The examples are at ${url}`);
}
