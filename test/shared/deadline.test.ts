import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AbortTimer, untilAborted, withDeadline } from '../../src/shared/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<string>(() => {});

describe('work with a deadline', () => {
  it('settles as the work does, and leaves no timer behind', async () => {
    const late = vi.fn();
    expect(await withDeadline(Promise.resolve('done'), 1_000, late)).toBe('done');
    await expect(withDeadline(Promise.reject(new Error('no luck')), 1_000, late)).rejects.toThrow('no luck');
    expect(vi.getTimerCount()).toBe(0);
    expect(late).not.toHaveBeenCalled();
  });

  it('settles with what is said when the time is up: a value, or an error', async () => {
    const value = withDeadline(never, 1_000, () => 'late');
    const error = withDeadline(never, 1_000, () => {
      throw new Error('too late');
    });
    const failed = expect(error).rejects.toThrow('too late');
    vi.advanceTimersByTime(1_000);
    expect(await value).toBe('late');
    await failed;
  });

  it('has none where it is longer than a timer can be', async () => {
    const late = vi.fn();
    const work = withDeadline(never, 2 ** 31, late);
    expect(vi.getTimerCount()).toBe(0);
    expect(late).not.toHaveBeenCalled();
    expect(work).toBe(never);
  });
});

describe('a timer that aborts', () => {
  it('aborts when the time is up, and says so', () => {
    const abort = vi.fn();
    const timer = new AbortTimer(1_000, undefined, abort);
    expect([abort.mock.calls.length, timer.isLate]).toEqual([0, false]);
    vi.advanceTimersByTime(1_000);
    expect([abort.mock.calls.length, timer.isLate]).toEqual([1, true]);
  });

  it('aborts with its signal, which is not late', () => {
    const abort = vi.fn();
    const outer = new AbortController();
    const timer = new AbortTimer(1_000, outer.signal, abort);
    outer.abort();
    expect([abort.mock.calls.length, timer.isLate]).toEqual([1, false]);
  });

  it('aborts at once where its signal is aborted already', () => {
    const abort = vi.fn();
    new AbortTimer(1_000, AbortSignal.abort(), abort).release();
    expect(abort).toHaveBeenCalledTimes(1);
  });

  it('does nothing once it is released', () => {
    const abort = vi.fn();
    const outer = new AbortController();
    new AbortTimer(1_000, outer.signal, abort).release();
    outer.abort();
    vi.advanceTimersByTime(1_000);
    expect(abort).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('work is waited for until its signal is aborted', async () => {
  expect(await untilAborted(Promise.resolve('done'), new AbortController().signal)).toBe('done');
  const abort = new AbortController();
  const left = expect(untilAborted(never, abort.signal)).rejects.toThrow('gone');
  abort.abort(new Error('gone'));
  await left;
});
