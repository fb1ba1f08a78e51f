/** A model that a command packs on the way: when the command is interrupted, nothing of it comes back. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { withUndo } from '../../apps/cli/interrupted.js';
import { packedModel } from '../../apps/cli/packed.js';
import { pack } from '../../src/pack/index.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';

it('waits for the packer, and then takes its folder away', async () => {
  const folder = scratch();
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
  const model = writeModel(addModel(), join(folder, 'add'));
  const interrupted = withUndo(
    (onUndo) =>
      new Promise<never>((_, reject) => {
        const onUndoAndOut: typeof onUndo = (undo) => {
          onUndo(undo);
          reject(new Error('interrupted'));
        };
        packedModel(model, undefined, { onUndo: onUndoAndOut, status: () => undefined, signal: new AbortController().signal }).catch(
          () => undefined,
        );
      }),
  );
  await expect(interrupted).rejects.toThrow('interrupted');
  // Packs are done one after another, so that the one above has ended too.
  await pack({ model, out: join(folder, 'later') });
  expect(readdirSync(temporary)).toEqual([]);
});
