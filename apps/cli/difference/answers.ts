/** The answers of two packed models to the same inputs, by the engine that runs in Node. */
import type { BackendName } from '../../../src/base/backend-name.js';
import { messageOf, PannierError } from '../../../src/base/errors.js';
import { loadModel } from '../../../src/load.js';
import type { Manifest } from '../../../src/manifest/manifest.js';
import type { AnyInputs, AnyOutputs } from '../../../src/manifest/signature.js';
import type { Surroundings } from '../interrupted.js';
import { compareAnswers, type OutputDifference } from './compare-answers.js';

/** Answers that were compared. */
export interface ComparedAnswers {
  /** The backend that ran both models. */
  readonly backend: BackendName;
  /** How many inputs were run. */
  readonly samples: number;
  /** The outputs that both models have, by name. */
  readonly outputs: Readonly<Record<string, OutputDifference>>;
}

/** The reason why no answers were compared. */
export interface NoAnswers {
  readonly reason: string;
}

/** Backends that Node has, the fastest first. */
const BACKENDS = ['wasm', 'cpu'] as const;

/**
 * Runs both models on the same backend: the first on which both agree with their golden samples.
 * @param inputs of each call
 */
export async function runBoth(
  old: Manifest,
  now: Manifest,
  inputs: readonly AnyInputs[],
  surroundings: Surroundings,
): Promise<ComparedAnswers | NoAnswers> {
  let reason = '';
  for (const backend of BACKENDS) {
    const answer = (manifest: Manifest, which: string) => answersOf(manifest, which, backend, inputs, surroundings);
    try {
      const outputs = withNotes(old, now, compareAnswers(await answer(old, 'old'), await answer(now, 'new')));
      return { backend, samples: inputs.length, outputs };
    } catch (thrown) {
      surroundings.signal.throwIfAborted();
      if (!(thrown instanceof PannierError)) throw thrown;
      reason = messageOf(thrown);
    }
  }
  return { reason };
}

async function answersOf(
  manifest: Manifest,
  which: string,
  backend: BackendName,
  inputs: readonly AnyInputs[],
  { status, signal }: Surroundings,
): Promise<AnyOutputs[]> {
  status(`Running the ${which} model on ${backend}`);
  const unlimited = { deadlineMs: Number.POSITIVE_INFINITY, backendDeadlineMs: Number.POSITIVE_INFINITY };
  const model = await loadModel(manifest, {
    ...{ backend, cache: null, autotune: false, nonFinite: 'allow', memoryBudgetBytes: Number.POSITIVE_INFINITY, signal },
    ...unlimited,
  });
  try {
    const answers: AnyOutputs[] = [];
    for (const each of inputs) answers.push((await model.predict(each, { signal })).outputs);
    return answers;
  } finally {
    model.dispose();
    status('');
  }
}

/** Says of outputs that a tiny change of the input moves that their differences mean little. */
function withNotes(old: Manifest, now: Manifest, outputs: Record<string, OutputDifference>): Record<string, OutputDifference> {
  const noted = Object.entries(outputs).map(([name, difference]) => {
    const skipped = old.golden.skipped[name] ?? now.golden.skipped[name];
    return [name, skipped === undefined || difference.note !== undefined ? difference : { ...difference, note: skipped }];
  });
  return Object.fromEntries(noted);
}
