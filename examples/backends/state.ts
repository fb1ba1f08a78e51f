/** Turns the model's `selection` into the texts of the page. Pure: `drawing.ts` puts them onto the page. */
import type { BackendName, Candidate } from 'pannier';

/** One line of the race. */
export interface Racer {
  readonly backend: Candidate['backend'];
  readonly name: string;
  readonly state: Candidate['state'] | 'waiting';
  /** One word. */
  readonly verdict: string;
  /** `24 ms a call`; undefined if the backend was not timed. */
  readonly time: string | undefined;
  /** As a share of the longest bar, 0 to 1; undefined if the backend was not timed. */
  readonly length: number | undefined;
  /** How long each step before the race took. */
  readonly parts: readonly { readonly label: string; readonly text: string }[];
  readonly reason: string | undefined;
  readonly remembered: boolean;
}

const NAMES: Readonly<Record<Candidate['backend'], string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  cpu: 'JavaScript',
  fallback: 'A server',
};

const VERDICTS = {
  chosen: 'runs the model',
  slower: 'right, but slower',
  refused: 'out',
  untried: 'not tried',
  waiting: 'its turn comes',
} as const satisfies Record<Racer['state'], string>;

/** @param isOver whether autotune has finished; until then an untried backend waits for its turn */
export function racersOf(selection: readonly Candidate[], isOver: boolean): Racer[] {
  const longestMs = Math.max(0, ...selection.map(({ p50Ms = 0 }) => p50Ms));
  return selection.map(({ backend, state: said, reason, startMs, openMs, goldenMs, goldenShareOff, p50Ms, remembered = false }) => {
    const state = said === 'untried' && !isOver ? 'waiting' : said;
    return {
      backend,
      name: NAMES[backend],
      state,
      verdict: VERDICTS[state],
      time: p50Ms === undefined ? undefined : `${msText(p50Ms)} a call`,
      length: p50Ms === undefined ? undefined : p50Ms / longestMs,
      parts: [
        { label: 'started in', text: msText(startMs) },
        { label: 'model opened in', text: msText(openMs) },
        { label: 'test picture in', text: msText(goldenMs) },
        { label: 'test values off', text: goldenShareOff === undefined ? undefined : `${Number((goldenShareOff * 100).toPrecision(2))} %` },
      ].filter((part): part is { label: string; text: string } => part.text !== undefined),
      reason: state === 'chosen' ? undefined : reason,
      remembered,
    };
  });
}

/** One sentence for the top of the page. */
export function headline(selection: readonly Candidate[], isOver: boolean): string {
  const chosen = selection.find(({ state }) => state === 'chosen');
  if (chosen === undefined) return 'Nothing here can run the model.';
  const name = NAMES[chosen.backend];
  if (!isOver) return `${name} was ready first and answers already. The others are tried while the page is idle.`;
  if (chosen.remembered) return `${name} won on an earlier visit, so nothing is raced today.`;
  const isRace = selection.some(({ state }) => state === 'slower');
  return isRace ? `${name} is the fastest that is right here.` : `${name} runs the model: no other could be raced here.`;
}

/** Answers of one backend in a row. */
export interface Run {
  readonly backend: BackendName | 'fallback';
  readonly count: number;
}

/** Joins answers that one backend gave in a row; `answers` are old to new. */
export function runsOf(answers: readonly Run['backend'][]): Run[] {
  const runs: { backend: Run['backend']; count: number }[] = [];
  for (const backend of answers) {
    const last = runs.at(-1);
    if (last?.backend === backend) last.count++;
    else runs.push({ backend, count: 1 });
  }
  return runs;
}

export const nameOf = (backend: Candidate['backend']): string => NAMES[backend];

export function msText(ms: number): string;
export function msText(ms: number | undefined): string | undefined;
export function msText(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return ms < 1_000 ? `${Number(ms.toPrecision(ms < 10 ? 2 : 3))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
