/** A static server for one browser on this machine: the files that it was given by name, nothing else. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream';

/**
 * The strictest policy under which Pannier works, so that a terminal sees what a strict page would. That
 * of examples/serve.mjs and of the tests' pages (a test holds these two to each other) also lets styles
 * and media in; what ships imports neither.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "worker-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types pannier',
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** A file's path, or its content. */
type Content = string | Uint8Array;

/** A running server on the loopback interface. */
export interface Site {
  /** Without a slash at its end. */
  readonly url: string;
  /** From now on, `path` answers with the content. */
  put(path: string, content: Content): void;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Starts a server; it answers with what it was given, on a port that is free. */
export async function serve(files: Iterable<readonly [path: string, content: Content]>): Promise<Site> {
  // Looked up whole, so that no path, however it is spelt, leads anywhere else.
  const known = new Map(files);
  let host = '';
  const server = createServer(async ({ method, url = '', headers }, response) => {
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    const content = known.get(url);
    // Another name in `Host` is a web site that had its name resolved to this machine.
    if (content === undefined || method !== 'GET' || headers.host !== host) return void response.writeHead(404).end();
    response.setHeader('Content-Type', TYPES[extname(url)] ?? 'application/octet-stream');
    if (typeof content !== 'string') return void response.end(content);
    const size = await stat(content).then(
      (file) => file.size,
      () => undefined,
    );
    if (size === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'Content-Length': size });
    // A file that changes meanwhile ends the connection; the browser reports that.
    pipeline(createReadStream(content), response, () => undefined);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    put: (path, content) => void known.set(path, content),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The regular files of a folder, of those that `wanted` names: no folders in it, no links out of it. */
export async function filesOf(folder: string, prefix: string, wanted = /./): Promise<[path: string, file: string][]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map(({ name }) => [`${prefix}${encodeURIComponent(name)}`, join(folder, name)]);
}
