/** The parts that the plugins of Rollup and Vite share: packing when a build starts, assets by reference. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { replaceAddresses } from './addresses.js';
import type { Outcome, Packing } from './packing.js';

/** The part of the plugin context that both have. */
export interface Bundler {
  readonly meta: { readonly watchMode: boolean };
  emitFile(file: { type: 'asset'; name: string; source: Uint8Array }): string;
  addWatchFile(path: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): never;
}

/** Packs at the start of a build. A failure ends a build, and a watch goes on with the models that were packed before. */
export async function packForBuild(packing: Packing, bundler: Bundler): Promise<void> {
  const { watchMode } = bundler.meta;
  if (watchMode && packing.watches) return;
  const outcome = await packing.pack((line) => bundler.info(line));
  if (outcome.failures.length > 0 && !watchMode) bundler.error(outcome.failures.join('\n'));
  tell(outcome, bundler);
  if (!watchMode) return;
  const isThere = outcome.models.every(({ folder }) => existsSync(join(folder, 'model.js')));
  if (isThere && outcome.models.length > 0) packing.watch(outcome, (later) => tell(later, bundler));
  // Until a first pack succeeds there is no module whose change starts the next build; the sources do so instead.
  else for (const source of outcome.sources) bundler.addWatchFile(source);
}

/** Reports an outcome, one line for each message. */
export function tell({ packed, warnings, failures }: Outcome, to: Pick<Bundler, 'info' | 'warn'>): void {
  for (const line of packed) to.info(line);
  for (const line of [...warnings, ...failures]) to.warn(line);
}

/** Emits the files that the modules of a build have addresses of. */
export class Emitting {
  readonly #references = new Set<string>();

  /** The hook `transform`. */
  transform(code: string, id: string, bundler: Bundler): { code: string; map: null } | null {
    const replaced = replaceAddresses(code, id, (file) => {
      const reference = bundler.emitFile({ type: 'asset', name: file.name, source: file.content });
      this.#references.add(reference);
      return `new URL(import.meta.ROLLUP_FILE_URL_${reference}, import.meta.url)`;
    });
    // The code keeps its lines, so that a source map is not needed.
    return replaced === undefined ? null : { code: replaced, map: null };
  }

  /** The hook `resolveFileUrl`. An address relative to the chunk holds wherever a build is deployed, and if a library is bundled again. */
  resolveFileUrl({ referenceId, relativePath }: { referenceId?: string | null; relativePath: string }): string | null {
    if (!this.#references.has(referenceId ?? '')) return null;
    return JSON.stringify(relativePath.startsWith('.') ? relativePath : `./${relativePath}`);
  }
}
