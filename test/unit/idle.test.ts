/** When a page has time: visible, and idle by whatever its browser says so with. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { whenIdle } from '../../src/base/idle.js';
import { rejection, stateOf } from '../fixtures/fakes.js';

afterEach(() => void vi.unstubAllGlobals());

/** A document that counts its listeners. */
class FakeDocument extends EventTarget {
  visibilityState = 'hidden';
  listeners = 0;
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
  become(state: 'hidden' | 'visible'): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** A scheduler, or `requestIdleCallback`, that waits to be told. */
function tasks() {
  const waiting: (() => void)[] = [];
  const postTask = vi.fn(async (task: () => void) => void waiting.push(task));
  const requestIdleCallback = vi.fn((task: () => void) => waiting.push(task));
  return { waiting, postTask, requestIdleCallback };
}

describe('idle is', () => {
  it('a task of the lowest priority', async () => {
    const { waiting, postTask, requestIdleCallback } = tasks();
    vi.stubGlobal('scheduler', { postTask });
    vi.stubGlobal('requestIdleCallback', requestIdleCallback);
    const idle = whenIdle();
    expect(await stateOf(idle)).toBe('pending');
    expect(postTask).toHaveBeenCalledExactlyOnceWith(expect.any(Function), { priority: 'background' });
    expect(requestIdleCallback).not.toHaveBeenCalled();
    waiting[0]!();
    await idle;
  });

  it('an idle callback, where there is no scheduler that takes tasks', async () => {
    const { waiting, requestIdleCallback } = tasks();
    vi.stubGlobal('scheduler', { yield: () => undefined });
    vi.stubGlobal('requestIdleCallback', requestIdleCallback);
    const idle = whenIdle();
    expect(await stateOf(idle)).toBe('pending');
    waiting[0]!();
    await idle;
  });

  it('the next turn, where there is neither', async () => {
    vi.useFakeTimers();
    const idle = whenIdle();
    vi.runAllTimers();
    vi.useRealTimers();
    await idle;
  });
});

describe('a hidden page', () => {
  it('is waited for, and listened to no longer than that', async () => {
    const document = new FakeDocument();
    const { waiting, postTask } = tasks();
    vi.stubGlobal('document', document);
    vi.stubGlobal('scheduler', { postTask });
    const idle = whenIdle();
    document.become('hidden');
    expect(await stateOf(idle)).toBe('pending');
    expect(postTask).not.toHaveBeenCalled();
    document.become('visible');
    expect(await stateOf(idle)).toBe('pending');
    waiting[0]!();
    await idle;
    expect(document.listeners).toBe(0);
  });

  it('that hides again before it rests is waited for again', async () => {
    const document = new FakeDocument();
    document.visibilityState = 'visible';
    const { waiting, postTask } = tasks();
    vi.stubGlobal('document', document);
    vi.stubGlobal('scheduler', { postTask });
    const idle = whenIdle();
    expect(await stateOf(idle)).toBe('pending');
    document.become('hidden');
    waiting[0]!();
    expect(await stateOf(idle)).toBe('pending');
    document.become('visible');
    expect(await stateOf(idle)).toBe('pending');
    waiting[1]!();
    await idle;
    expect(document.listeners).toBe(0);
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  it('ends the wait before it begins', async () => {
    expect(await rejection(whenIdle(AbortSignal.abort(reason)))).toBe(reason);
  });

  it('ends the wait for a visible page', async () => {
    const document = new FakeDocument();
    vi.stubGlobal('document', document);
    const abort = new AbortController();
    const idle = whenIdle(abort.signal);
    abort.abort(reason);
    expect(await rejection(idle)).toBe(reason);
    expect(document.listeners).toBe(0);
  });

  it('ends the wait for an idle moment', async () => {
    vi.stubGlobal('scheduler', tasks());
    const abort = new AbortController();
    const idle = whenIdle(abort.signal);
    expect(await stateOf(idle)).toBe('pending');
    abort.abort(reason);
    expect(await rejection(idle)).toBe(reason);
  });
});
