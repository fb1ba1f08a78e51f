/** A model that stays open: what broke is opened anew, and calls made meanwhile wait for it. */
import { describe, expect, it } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { OpenedModel, type Opening } from '../../src/runtime/served-model.js';
import { type Deferred, deferred, fakeModel, rejection, rest, stateOf } from '../fixtures/fakes.js';

/** An opening whose place says what was done to it. */
function place(name: string) {
  const session = { lost: undefined as PannierError | undefined, run: () => Promise.reject(new Error('not here')), dispose() {} };
  const seen = { closed: 0 };
  const opening = {
    place: { backend: 'wasm', pooled: {}, session, close: () => void seen.closed++ },
    ...{ selection: [], loadTiming: {} },
  } as unknown as Opening;
  return { name, opening, session, seen };
}

/** A model at a first place, and the places that it will be opened at, when a test says so. */
function setup() {
  const first = place('first');
  const openings: Deferred<Opening>[] = [];
  const opened = new OpenedModel(fakeModel().manifest, first.opening, { bytesDownloaded: 0, bytesFromCache: 0 }, () => {
    const next = deferred<Opening>();
    openings.push(next);
    return next.promise;
  });
  return { first, opened, openings };
}

it('runs where it is, at once', () => {
  const { first, opened, openings } = setup();
  expect(opened.place()).toBe(first.opening.place);
  expect(openings).toEqual([]);
});

describe('a lost place', () => {
  it('is left, and opened anew once for all who call meanwhile, with one note', async () => {
    const { first, opened, openings } = setup();
    const heard: string[] = [];
    opened.listeners.add((type, detail) => heard.push('code' in detail ? detail.code : type));
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    const calls = Promise.all([opened.place(), opened.place(), opened.place()]);
    await rest();
    expect([openings.length, first.seen.closed]).toEqual([1, 1]);
    const second = place('second');
    openings[0]!.resolve(second.opening);
    expect(new Set(await calls)).toEqual(new Set([second.opening.place]));
    expect(opened.place()).toBe(second.opening.place);
    expect([heard, opened.notes.map(({ code }) => code)]).toEqual([['reopened'], ['reopened']]);
    expect(opened.present).toBe(second.opening.place);
  });

  it('that cannot be opened anew fails the calls that wait; the next call tries again', async () => {
    const { first, opened, openings } = setup();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    const calls = [opened.place(), opened.place()];
    await rest();
    openings[0]!.reject(new Error('offline'));
    for (const call of calls) expect(await rejection(call as Promise<unknown>)).toMatchObject({ message: 'offline' });
    const again = opened.place();
    await rest();
    const second = place('second');
    openings[1]!.resolve(second.opening);
    expect(await again).toBe(second.opening.place);
  });
});

describe('a place that was left, though it is not lost', () => {
  it('is not run at while the new one opens', async () => {
    const { first, opened, openings } = setup();
    void opened.reopen('it disagrees');
    const call = opened.place();
    expect(call).not.toBe(first.opening.place);
    const second = place('second');
    openings[0]!.resolve(second.opening);
    expect(await call).toBe(second.opening.place);
  });

  it('is not run at after the new one failed to open either', async () => {
    const { first, opened, openings } = setup();
    const failing = rejection(opened.reopen('it disagrees'));
    await rest();
    openings[0]!.reject(new Error('offline'));
    await failing;
    const call = opened.place();
    expect(call).not.toBe(first.opening.place);
    await rest();
    const second = place('second');
    openings[1]!.resolve(second.opening);
    expect(await call).toBe(second.opening.place);
  });
});

describe('closing', () => {
  it('closes the place', () => {
    const { first, opened } = setup();
    opened.close();
    expect(first.seen.closed).toBe(1);
  });
  it('while it opens anew closes the new place too, as soon as it is there', async () => {
    const { first, opened, openings } = setup();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    const call = opened.place();
    await rest();
    opened.close();
    expect(await stateOf(call as Promise<unknown>)).toBe('pending');
    const second = place('second');
    openings[0]!.resolve(second.opening);
    await call;
    expect([first.seen.closed >= 1, second.seen.closed]).toEqual([true, 1]);
  });
  it('opens nothing any more', async () => {
    const { first, opened, openings } = setup();
    opened.close();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    expect(await rejection((async () => opened.place())())).toMatchObject({ code: 'disposed' });
    expect(openings).toEqual([]);
  });
});
