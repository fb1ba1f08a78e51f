/** Shows the backend that the model runs on and why, what was loaded, and the model's notes. */
import type { Candidate, Model } from 'pannier';
import { element } from '../element.js';
import { megabytes } from '../numbers.js';

export function showCandidates(selection: readonly Candidate[]): void {
  element('#candidates').replaceChildren(...selection.map(candidateRow));
}

/** The parts of a model that do not depend on its inputs and outputs. */
type About = Pick<Model, 'backend' | 'thread' | 'selection' | 'loadTiming' | 'notes' | 'name' | 'version' | 'info' | 'stats'>;

export function showModel(model: About): void {
  showCandidates(model.selection);
  const { backend, thread, loadTiming, notes, name, version, info } = model;
  const { bytesDownloaded, bytesFromCache } = model.stats();
  element('#where').textContent = `on ${backend}, in ${thread === 'worker' ? 'a worker' : 'this page'}`;
  const facts = {
    took: `${loadTiming.totalMs.toFixed()} ms`,
    cache: { hit: 'hit', partial: 'hit in part', miss: 'miss, now kept', off: 'off', unavailable: 'not available' }[loadTiming.cache],
    bytes: bytesDownloaded > 0 ? `${megabytes(bytesDownloaded)} MB` : `none; ${megabytes(bytesFromCache)} MB kept`,
    model: `${name} ${version}, ${info.license}`,
    size: `${megabytes(info.bytes)} MB, ${(info.flops / 1e6).toFixed()} MFLOP`,
  };
  for (const [fact, text] of Object.entries(facts)) element(`#facts [data-fact=${fact}]`).textContent = text;
  element('#notes').replaceChildren(...notes.map(({ code, message }) => row(code, message)));
}

function candidateRow({ backend, state, reason, startMs, openMs, goldenMs }: Candidate): HTMLLIElement {
  const took = [startMs, openMs, goldenMs].reduce<number>((sum, part) => sum + (part ?? 0), 0);
  const agreed = goldenMs === undefined ? 'tested on an earlier visit' : 'test sample answered right';
  const made = row(
    backend,
    {
      chosen: `ready in ${took.toFixed()} ms, ${agreed}`,
      slower: reason ?? 'slower',
      refused: reason ?? 'refused',
      untried: reason ?? 'not tried',
    }[state],
  );
  made.dataset['state'] = state;
  return made;
}

function row(term: string, text: string): HTMLLIElement {
  const item = document.createElement('li');
  const name = document.createElement('strong');
  name.textContent = term;
  const said = document.createElement('span');
  said.textContent = text;
  item.append(name, said);
  return item;
}
