/** A static server for the tests: a strict policy on every file, a list of requests, and faults on demand. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { POLICY } from '../../examples/serve.mjs';

/** The strictest policy under which everything has to work: that of the examples' server. */
export const STRICT_CSP = POLICY;

/** Where browsers send what a policy stopped, workers included; the answer is thrown away. */
const REPORTS = '/.violations';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webm': 'video/webm',
  '.svg': 'image/svg+xml',
};

/** What to do to an answer; the fields add up. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the file. */
  readonly body?: string | Uint8Array;
  /** Makes another body of the file's; also for a flipped bit. */
  readonly edit?: (body: Buffer) => Uint8Array;
  /** Sends so many bytes under the full Content-Length, then cuts the connection. */
  readonly truncate?: number;
  /** Appends so many bytes of zeros. */
  readonly extraBytes?: number;
  /** Waits so long before the answer; `'headers'` never answers, `'body'` never ends after half of the body. */
  readonly stall?: number | 'headers' | 'body';
  /** Cuts the connection before any answer. */
  readonly reset?: boolean;
}

/** One request that came in; `count` numbers those that this fault's pattern has met, from 1. */
export interface Asked {
  readonly path: string;
  readonly count: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface SiteOptions {
  /** Cross-origin isolation: COOP and COEP on every answer. */
  readonly isolated?: boolean;
  /** Another policy than {@link STRICT_CSP}; null for none. */
  readonly csp?: string | null;
  /** On every answer, over the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SiteRequest {
  readonly method: string;
  readonly path: string;
  /** With the query. */
  readonly url: string;
  readonly status: number;
}

/** A running server. */
export interface Site {
  /** Without a slash at its end. */
  readonly url: string;
  /** Everything asked for, in order, but policy reports and favicons; empty it as you like. */
  readonly requests: SiteRequest[];
  /** What pages and workers reported against the policy. */
  readonly violations: string[];
  /** A file that no folder holds. */
  put(path: string, body: string | Uint8Array): void;
  /** From now on, until the function that it returns is called. The latest that has an answer wins. */
  fault(pattern: RegExp, fault: Fault | ((asked: Asked) => Fault | undefined)): () => void;
  /** Cuts every connection, and goes on. */
  cut(): void;
  /** Cuts every connection and listens no more, as a server that went down. */
  close(): Promise<void>;
}

const sites = new Map<string, Site>();

/** The site that an address belongs to. */
export const siteOf = (url: string): Site | undefined => (URL.canParse(url) ? sites.get(new URL(url).origin) : undefined);

/** Serves folders under path prefixes: `{ '/': 'test/pages', '/dist': 'dist' }`. The longest prefix wins. */
export async function serve(folders: Readonly<Record<string, string>>, options: SiteOptions = {}): Promise<Site> {
  const { isolated = false, csp = STRICT_CSP } = options;
  const prefixes = Object.entries(folders)
    .map(([prefix, folder]) => [prefix.endsWith('/') ? prefix : `${prefix}/`, folder] as const)
    .sort(([a], [b]) => b.length - a.length);
  const extra = new Map<string, Buffer>();
  const faults: { pattern: RegExp; make: (asked: Asked) => Fault | undefined; count: number }[] = [];
  const requests: SiteRequest[] = [];
  const violations: string[] = [];

  const common: Record<string, string> = {
    // So that the list of requests is the truth.
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(csp === null ? {} : { 'Content-Security-Policy': `${csp}; report-uri ${REPORTS}` }),
    ...(isolated ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } : {}),
    ...options.headers,
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const url = request.url ?? '/';
    const path = decodeURIComponent(new URL(url, 'http://site').pathname);
    if (path === REPORTS) return hear(request, response);
    if (path === '/favicon.ico') return void response.writeHead(204).end();
    const fault = faultFor(path, headers);
    const file = fileFor(path);
    const status = fault.status ?? (file === undefined && fault.body === undefined ? 404 : 200);
    requests.push({ method, path, url, status });

    if (fault.reset) return void response.destroy();
    if (fault.stall === 'headers') return;
    if (typeof fault.stall === 'number') await new Promise((resolve) => setTimeout(resolve, fault.stall as number));
    const named = path.endsWith('/') ? '.html' : extname(path);
    const head = { ...common, 'Content-Type': TYPES[named] ?? 'application/octet-stream', ...fault.headers };
    const whole = Object.keys(fault).every((key) => key === 'headers');
    if (whole && typeof file === 'string') {
      response.writeHead(status, { ...head, 'Content-Length': statSync(file).size });
      if (method === 'HEAD') response.end();
      else createReadStream(file).pipe(response);
      return;
    }
    const stored = typeof file === 'string' ? readFileSync(file) : (file ?? Buffer.from('Not here.'));
    let body = fault.body === undefined ? stored : Buffer.from(fault.body as Uint8Array);
    if (fault.edit !== undefined) body = Buffer.from(fault.edit(Buffer.from(body)));
    if (fault.extraBytes !== undefined) body = Buffer.concat([body, Buffer.alloc(fault.extraBytes)]);
    response.writeHead(status, { 'Content-Length': body.length, ...head });
    if (method === 'HEAD') response.end();
    else if (fault.stall === 'body') response.write(body.subarray(0, body.length >> 1));
    else if (fault.truncate !== undefined) response.write(body.subarray(0, fault.truncate), () => response.destroy());
    else response.end(body);
  }

  function faultFor(path: string, headers: IncomingMessage['headers']): Fault {
    for (const fault of faults.toReversed()) {
      if (!fault.pattern.test(path)) continue;
      fault.count++;
      const made = fault.make({ path, count: fault.count, headers });
      if (made !== undefined) return made;
    }
    return {};
  }

  function fileFor(path: string): string | Buffer | undefined {
    const put = extra.get(path);
    if (put !== undefined) return put;
    for (const [prefix, folder] of prefixes) {
      if (!path.startsWith(prefix)) continue;
      const inside = normalize(`/${path.slice(prefix.length)}`);
      const file = join(folder, inside.endsWith('/') ? `${inside}index.html` : inside);
      if (existsSync(file) && statSync(file).isFile()) return file;
    }
    return undefined;
  }

  async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { 'csp-report': report } = JSON.parse(Buffer.concat(parts).toString()) as { 'csp-report': Record<string, unknown> };
    violations.push(
      `${report['effective-directive']} ${report['blocked-uri']} in ${report['document-uri']} at ${report['source-file']}:${report['line-number']}`,
    );
    response.writeHead(204).end();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const site: Site = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    violations,
    put: (path, body) => void extra.set(path, Buffer.from(body as Uint8Array)),
    fault(pattern, fault) {
      const added = { pattern, make: typeof fault === 'function' ? fault : () => fault, count: 0 };
      faults.push(added);
      return () => {
        if (faults.includes(added)) faults.splice(faults.indexOf(added), 1);
      };
    },
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        sites.delete(site.url);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  sites.set(site.url, site);
  return site;
}
