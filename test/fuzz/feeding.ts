/** The process that feeds. It may hang, run out of memory or crash: its parent watches it, in `main.ts`. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { watchPrototypes } from './pollution.js';
import type { Surface } from './surface.js';
import { SURFACES } from './surfaces.js';

/** What this process is told to do. */
export interface Order {
  readonly seed: number;
  /** Inputs in all, or for the only surface. */
  readonly inputs: number;
  readonly only: string | undefined;
  /** To one input, which alone is fed. */
  readonly path: string | undefined;
  /** A file that says where it is: `SURFACE INPUT`, where a `-` stands behind once a failure is made smaller. */
  readonly progress: string;
}

/** What came of one surface. */
export interface Report {
  readonly surface: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  /** Of the whole process, since it began. */
  readonly peakBytes: number;
  /** The seed's path to the smallest input that fails, and what it fails with. */
  readonly failure?: { readonly path: string; readonly input: string; readonly error: string };
}

/** Of the whole process, arrays of numbers included. */
const MAX_BYTES = 1.5 * 2 ** 30;

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

/** Thrown in a listener, or rejected where nobody listens. */
const strays: unknown[] = [];

/** Feeds all surfaces, one after another. */
export async function feed({ seed, inputs, only, path, progress }: Order): Promise<void> {
  process.on('uncaughtException', (thrown) => strays.push(thrown));
  process.on('unhandledRejection', (thrown) => strays.push(thrown));
  const checkPrototypes = watchPrototypes();
  const shares = SURFACES.reduce((sum, { share }) => sum + share, 0);
  const file = openSync(progress, 'w');
  const tell = (where: string) => writeSync(file, where.padEnd(80), 0);
  for (const surface of SURFACES) {
    if (only !== undefined && surface.name !== only) continue;
    const numRuns = path !== undefined ? 1 : only !== undefined ? inputs : Math.ceil((inputs * surface.share) / shares);
    const report = await feedOne(surface, { seed, numRuns, ...(path !== undefined && { path }) }, tell, checkPrototypes);
    await new Promise((sent) => process.send?.(report, sent));
  }
  closeSync(file);
  process.disconnect();
}

async function feedOne(
  { name, inputs, feed, maxBytes }: Surface,
  parameters: fc.Parameters<[unknown]>,
  tell: (where: string) => void,
  checkPrototypes: () => void,
): Promise<Report> {
  const counts = { accepted: 0, refused: 0 };
  let fed = 0;
  let isShrinking = false;
  const property = fc.asyncProperty(inputs, async (input) => {
    tell(`${name} ${fed++} ${isShrinking ? '-' : ''}`);
    const before = peakBytes();
    try {
      const outcome = await feed(input);
      // What nobody waits for is told a turn later.
      await new Promise(setImmediate);
      if (strays.length > 0) throw strays.splice(0)[0];
      checkPrototypes();
      const now = peakBytes();
      const most = maxBytes?.(input) ?? MAX_BYTES;
      if (now - before > most) throw new Error(`The input takes ${now - before} bytes of memory; ${most} are allowed.`);
      if (now > MAX_BYTES && now > before) throw new Error(`The process takes ${now} bytes of memory.`);
      if (!isShrinking) counts[outcome]++;
    } catch (thrown) {
      isShrinking = true;
      throw thrown;
    }
  });
  const found = await fc.check(property, parameters);
  const report = { surface: name, inputs: found.numRuns, ...counts, peakBytes: peakBytes() };
  if (!found.failed) return report;
  const { counterexample, counterexamplePath, errorInstance } = found;
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return { ...report, failure: { path: counterexamplePath ?? '', input: shown(counterexample?.[0]).slice(0, 4_000), error } };
}

/** Some inputs are too odd even for what is made to show them. */
function shown(input: unknown): string {
  try {
    return fc.stringify(input);
  } catch {
    return inspect(input, { depth: 12, maxArrayLength: 1_000 });
  }
}
