/** A static server for one browser on this machine: the files that it was given by name, nothing else. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream';

/**
 * The strictest policy under which Pannier works, so that a terminal sees what a strict page would. The policy
 * of examples/serve.mjs, which is the tests' policy too, also lets media and a web app's manifest in.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
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
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** The longest text that a page may post. */
const POST_BYTES = 2 ** 20;

/** A file's path, or its content. */
type Content = string | Uint8Array;

/** A running server on the loopback interface. */
export interface Site {
  /** Without a slash at its end. */
  readonly url: string;
  /** From now on, `path` answers with the content. */
  put(path: string, content: Content): void;
  /** From now on, nothing is there whose path begins so. */
  remove(prefix: string): void;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Answers JSON that the site's own page posts with JSON. */
export type Post = (said: unknown) => Promise<unknown>;

export interface ServeOptions {
  /** Default: one that is free. */
  readonly port?: number;
  /** By path. */
  readonly posts?: Readonly<Record<string, Post>>;
}

/** Starts a server; it answers with what it was given. */
export async function serve(
  files: Iterable<readonly [path: string, content: Content]>,
  { port = 0, posts = {} }: ServeOptions = {},
): Promise<Site> {
  // Looked up whole, so that no path, however it is spelt, leads anywhere else.
  const known = new Map(files);
  let host = '';
  const server = createServer(async (request, response) => {
    const { method, url = '', headers } = request;
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    // Another name in `Host` is a web site that had its name resolved to this machine.
    if (headers.host !== host) return void response.writeHead(404).end();
    const post = method === 'POST' && Object.hasOwn(posts, url) ? posts[url] : undefined;
    if (post !== undefined) return answer(request, response, post, `http://${host}`);
    const content = known.get(url);
    if (content === undefined || method !== 'GET') return void response.writeHead(404).end();
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
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    put: (path, content) => void known.set(path, content),
    remove(prefix) {
      for (const path of known.keys()) if (path.startsWith(prefix)) known.delete(path);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Any site may make a browser post to this machine, but none can say that it is ours, nor send JSON without being asked first. */
async function answer(request: IncomingMessage, response: ServerResponse, post: Post, origin: string): Promise<void> {
  const refuse = (status: number) => void response.writeHead(status, { Connection: 'close' }).end();
  if (request.headers.origin !== origin || request.headers['content-type'] !== 'application/json') return refuse(403);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request) {
      bytes += (part as Buffer).length;
      if (bytes > POST_BYTES) return refuse(413);
      parts.push(part as Buffer);
    }
  } catch {
    // The page went away in the middle of it.
    return void response.destroy();
  }
  let said: unknown;
  try {
    said = JSON.parse(Buffer.concat(parts).toString());
  } catch {
    return refuse(400);
  }
  const text = JSON.stringify(await post(said));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** The regular files of a folder, of those that `wanted` names: no folders in it, no links out of it. */
export async function filesOf(folder: string, prefix: string, wanted = /./): Promise<[path: string, file: string][]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map(({ name }) => [`${prefix}${encodeURIComponent(name)}`, join(folder, name)]);
}
