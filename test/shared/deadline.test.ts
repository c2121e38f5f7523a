import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AbortTimer, Deadline, deadlineSignal, untilAborted, withDeadline } from '../../src/shared/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<string>(() => {});

/** Lets `ms` milliseconds pass, and the turn of the event loop in which what has arrived is read. */
function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  vi.advanceTimersToNextTimer();
}

describe('a deadline', () => {
  it('is over after its time, and not once it is cancelled', () => {
    const expire = vi.fn();
    const cancelled = vi.fn();
    new Deadline(100, { expire });
    const other = new Deadline(100, { expire: cancelled });
    vi.advanceTimersByTime(99);
    expect(expire).not.toHaveBeenCalled();
    other.cancel();
    pass(1);
    expect([expire.mock.calls.length, cancelled.mock.calls.length]).toEqual([1, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never passes where it is longer than a timer can be', () => {
    new Deadline(2 ** 31, { expire: () => {} });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a process that was busy for longer than a deadline', () => {
  let stalledMs = 0;
  beforeEach(() => {
    stalledMs = 0;
    const clock = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + stalledMs);
  });
  afterEach(() => void vi.restoreAllMocks());

  /** The process does nothing for `ms` milliseconds, and then runs the timer that was due within the first `due` of them. */
  function stall(ms: number, due: number): void {
    stalledMs += ms - due;
    vi.advanceTimersByTime(due);
  }

  it('reads what has arrived before the deadline is over', () => {
    const order: string[] = [];
    // like a response in a socket: read in the turn of the event loop after the timers that are due
    setImmediate(() => order.push('read'));
    new Deadline(4, { expire: () => order.push('over') });
    stalledMs = 50;
    vi.runAllTimers();
    expect(order).toEqual(['read', 'over']);
  });

  it('loses one part of the time only, so that what needs several turns still gets done', () => {
    const expire = vi.fn();
    new Deadline(800, { expire });
    stall(1_000, 200);
    pass(599);
    expect(expire).not.toHaveBeenCalled();
    pass(1);
    expect(expire).toHaveBeenCalledTimes(1);
  });

  it('gets the last part once more where the stall used that one up', () => {
    const expire = vi.fn();
    new Deadline(800, { expire });
    vi.advanceTimersByTime(600);
    stall(1_000, 200);
    vi.advanceTimersToNextTimer();
    expect(expire).not.toHaveBeenCalled();
    pass(200);
    expect(expire).toHaveBeenCalledTimes(1);
  });
});

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
    pass(1_000);
    expect(await value).toBe('late');
    await failed;
  });
});

describe('a timer that aborts', () => {
  it('aborts when the time is up, and says so', () => {
    const abort = vi.fn();
    const timer = new AbortTimer(1_000, undefined, abort);
    expect([abort.mock.calls.length, timer.isLate]).toEqual([0, false]);
    pass(1_000);
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

it('a signal of a deadline aborts with a TimeoutError, and keeps no process alive', () => {
  const signal = deadlineSignal(1_000);
  expect(signal.aborted).toBe(false);
  pass(1_000);
  expect((signal.reason as Error).name).toBe('TimeoutError');
});

it('work is waited for until its signal is aborted', async () => {
  expect(await untilAborted(Promise.resolve('done'), new AbortController().signal)).toBe('done');
  const abort = new AbortController();
  const left = expect(untilAborted(never, abort.signal)).rejects.toThrow('gone');
  abort.abort(new Error('gone'));
  await left;
});
