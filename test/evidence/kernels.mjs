/** Every kernel of TF.js that the writer emits, held to the reference on every backend: how often, what is wrong, what is refused. */
import { BACKENDS, tryAll } from '../kernels/main.mjs';

/** How many calls there are to be, and which share of them may be refused on wasm and on webgpu. */
const WANTED = { calls: 20_000, refusedShare: 0.05 };

/** A refusal without the node that it names. */
const reasonOf = (message) => message.replace(/^Node ".*?" \(\w+\) /, '');

/** Counts calls by a key, in the order in which the keys come. */
function countBy(verdicts, keyOf) {
  const counts = {};
  for (const verdict of verdicts) counts[keyOf(verdict)] = (counts[keyOf(verdict)] ?? 0) + verdict.calls;
  return counts;
}

/** `calls` has a line for each op and element type; `refused` tells the reason of the writer, which is the same on every backend. */
export async function run() {
  const results = await tryAll();
  const tried = BACKENDS.flatMap((backend) => results[backend].map((verdict) => ({ backend, ...verdict })));
  const all = tried.filter(({ fault }) => !fault);
  const wrong = tried.filter(({ kind }) => kind === 'wrong' || kind === 'failed');
  const perBackend = countBy(all, ({ backend }) => backend);
  const refused = all.filter(({ kind }) => kind === 'refused');
  const refusedCalls = countBy(refused, ({ backend }) => backend);
  const refusedShare = Object.fromEntries(BACKENDS.map((backend) => [backend, (refusedCalls[backend] ?? 0) / perBackend[backend]]));
  const rows = new Map();
  for (const { backend, subject, dataType, calls } of all) {
    const row = rows.get(`${subject} ${dataType}`) ?? {};
    rows.set(`${subject} ${dataType}`, { ...row, [backend]: (row[backend] ?? 0) + calls });
  }
  const calls = all.reduce((sum, each) => sum + each.calls, 0);
  return {
    passes: calls >= WANTED.calls && wrong.length === 0 && ['wasm', 'webgpu'].every((name) => refusedShare[name] <= WANTED.refusedShare),
    ...{ calls, perBackend, refusedShare, knownFaults: tried.length - all.length },
    wrong: wrong.map(({ backend, kind, id, message }) => `${backend} ${kind}: ${id}: ${message}`),
    refused: countBy(refused, ({ subject, message }) => `${subject} ${reasonOf(message)}`),
    callsOf: Object.fromEntries([...rows].map(([key, row]) => [key, BACKENDS.map((name) => `${name} ${row[name]}`).join(', ')])),
  };
}
