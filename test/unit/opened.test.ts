/** A model that stays open: what broke is opened anew, and calls made meanwhile wait for it. */

import { describe, expect, it } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { Notes } from '../../src/base/notes.js';
import { type Opened, ServedModel } from '../../src/runtime/served-model.js';
import { type Deferred, deferred, fakeModel, rejection, rest, stateOf } from '../fixtures/fakes.js';

/** An opening whose place says what was done to it. */
function place(name: string) {
  const session = { lost: undefined as PannierError | undefined, run: () => Promise.reject(new Error('not here')), dispose() {} };
  const seen = { closed: 0 };
  const opening = {
    instance: { backend: 'wasm', handle: {}, session, dispose: () => void seen.closed++ },
    ...{ selection: [], loadTiming: {} },
  } as unknown as Opened;
  return { name, opening, session, seen };
}

/** A model at a first place, and the places that it will be opened at, when a test says so. */
function setup() {
  const first = place('first');
  const openings: Deferred<Opened>[] = [];
  const opened = new ServedModel(fakeModel().manifest, first.opening, new Notes(), { bytesDownloaded: 0, bytesFromCache: 0 }, () => {
    const next = deferred<Opened>();
    openings.push(next);
    return next.promise;
  });
  return { first, opened, openings };
}

it('runs where it is, at once', () => {
  const { first, opened, openings } = setup();
  expect(opened.instance()).toBe(first.opening.instance);
  expect(openings).toEqual([]);
});

describe('a lost place', () => {
  it('is left, and opened anew once for all who call meanwhile, with one note', async () => {
    const { first, opened, openings } = setup();
    const heard: string[] = [];
    opened.listeners.add((type, detail) => heard.push('code' in detail ? detail.code : type));
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    const calls = Promise.all([opened.instance(), opened.instance(), opened.instance()]);
    await rest();
    expect([openings.length, first.seen.closed]).toEqual([1, 1]);
    const second = place('second');
    openings[0]!.resolve(second.opening);
    expect(new Set(await calls)).toEqual(new Set([second.opening.instance]));
    expect(opened.instance()).toBe(second.opening.instance);
    expect([heard, opened.notes.all.map(({ code }) => code)]).toEqual([['reopened'], ['reopened']]);
    expect(opened.current).toBe(second.opening.instance);
  });

  it('that cannot be opened anew fails the calls that wait; the next call tries again', async () => {
    const { first, opened, openings } = setup();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    const calls = [opened.instance(), opened.instance()];
    await rest();
    openings[0]!.reject(new Error('offline'));
    for (const call of calls) expect(await rejection(call as Promise<unknown>)).toMatchObject({ message: 'offline' });
    const again = opened.instance();
    await rest();
    const second = place('second');
    openings[1]!.resolve(second.opening);
    expect(await again).toBe(second.opening.instance);
  });
});

describe('a place that was left, though it is not lost', () => {
  it('is not run at while the new one opens', async () => {
    const { first, opened, openings } = setup();
    void opened.reopen('it disagrees');
    const call = opened.instance();
    expect(call).not.toBe(first.opening.instance);
    const second = place('second');
    openings[0]!.resolve(second.opening);
    expect(await call).toBe(second.opening.instance);
  });

  it('is not run at after the new one failed to open either', async () => {
    const { first, opened, openings } = setup();
    const failing = rejection(opened.reopen('it disagrees'));
    await rest();
    openings[0]!.reject(new Error('offline'));
    await failing;
    const call = opened.instance();
    expect(call).not.toBe(first.opening.instance);
    await rest();
    const second = place('second');
    openings[1]!.resolve(second.opening);
    expect(await call).toBe(second.opening.instance);
  });
});

describe('closing', () => {
  it('closes the place', () => {
    const { first, opened } = setup();
    opened.dispose();
    expect(first.seen.closed).toBe(1);
  });
  it('while it opens anew closes the new place too, as soon as it is there', async () => {
    const { first, opened, openings } = setup();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    const call = opened.instance();
    await rest();
    opened.dispose();
    expect(await stateOf(call as Promise<unknown>)).toBe('pending');
    const second = place('second');
    openings[0]!.resolve(second.opening);
    await call;
    expect([first.seen.closed >= 1, second.seen.closed]).toEqual([true, 1]);
  });
  it('opens nothing any more', async () => {
    const { first, opened, openings } = setup();
    opened.dispose();
    first.session.lost = new PannierError('device-lost', 'It is gone.');
    expect(await rejection((async () => opened.instance())())).toMatchObject({ code: 'disposed' });
    expect(openings).toEqual([]);
  });
});
