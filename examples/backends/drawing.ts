/** Puts the page's state onto the page. */
import { PannierError } from 'pannier';
import { element } from '../element.js';
import { nameOf, type Racer, type Run, runsOf } from './state.js';

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

let shown = '';

/** Draws a line for each racer; a line that has not changed is left alone, so that a screen reader does not start over. */
export function showRacers(racers: readonly Racer[]): void {
  const now = JSON.stringify(racers);
  if (now === shown) return;
  shown = now;
  element('#racers').replaceChildren(...racers.map(racerItem));
}

function racerItem({ backend, name, state, verdict, time, length, parts, reason, remembered }: Racer): HTMLLIElement {
  const item = make(
    'li',
    'racer',
    make('h3', '', name),
    make('span', 'verdict', remembered && state !== 'untried' ? `${verdict}, since an earlier visit` : verdict),
  );
  item.dataset['state'] = state;
  item.dataset['backend'] = backend;
  if (time !== undefined && length !== undefined) {
    const fill = make('span', 'fill');
    fill.style.width = `${Math.max(0.5, length * 100)}%`;
    const track = make('span', 'track', fill);
    track.ariaHidden = 'true';
    item.append(make('div', 'time', track, make('b', '', time)));
  }
  if (reason !== undefined) item.append(make('p', 'reason', reason));
  if (parts.length > 0)
    item.append(make('dl', 'parts', ...parts.map(({ label, text }) => make('div', '', make('dt', '', label), make('dd', '', text)))));
  return item;
}

export function showAnswers(backends: readonly Run['backend'][], counts: Readonly<Record<'right' | 'wrong' | 'failed', number>>): void {
  element('#strip').replaceChildren(
    ...runsOf(backends).map(({ backend, count }) => {
      const piece = make('span', '');
      piece.dataset['backend'] = backend;
      piece.style.flexGrow = String(count);
      piece.title = `${nameOf(backend)}: ${count}`;
      return piece;
    }),
  );
  element('#now').textContent = nameOf(backends.at(-1) ?? 'fallback');
  for (const [name, count] of Object.entries(counts)) element(`#${name}`).textContent = count.toLocaleString('en');
}

/** Adds a line, newest last; a screen reader reads each. */
export function log(text: string): void {
  const item = make('li', '', make('time', '', new Date().toLocaleTimeString('en', { hour12: false })), make('span', '', text));
  element('#log').append(item);
  item.scrollIntoView({ block: 'nearest' });
}

export function showError(thrown: unknown): void {
  element('#error').hidden = false;
  element('#error strong').textContent = thrown instanceof PannierError ? thrown.code : 'error';
  element('#error span').textContent = thrown instanceof Error ? thrown.message : String(thrown);
}
