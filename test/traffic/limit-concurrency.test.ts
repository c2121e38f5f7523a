import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { Bulkhead } from '../../src/traffic/bulkhead.ts';
import { limitConcurrency } from '../../src/traffic/limit-concurrency.ts';
import { ask, client, heldSource, text } from './held-source.ts';

it('behaves like two lists, whatever enters, ends and leaves', () => {
  const action = fc.record({ what: fc.constantFrom('enter', 'leave', 'withdraw'), at: fc.nat({ max: 9 }) });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const bulkhead = new Bulkhead({ max: 2, queue: 3 });
      const started: number[] = [];
      let running: number[] = [];
      let waiting: number[] = [];
      const calls: { start(): void }[] = [];
      for (const { what, at } of actions) {
        if (what === 'enter') {
          const id = calls.length;
          calls.push({ start: () => void started.push(id) });
          const isFull = running.length === 2 && waiting.length === 3;
          expect(bulkhead.enter(calls[id] as { start(): void })).toBe(!isFull);
          if (running.length < 2) running.push(id);
          else if (!isFull) waiting.push(id);
        } else if (what === 'leave' && running.length > 0) {
          bulkhead.leave();
          running = [...running.slice(1), ...waiting.slice(0, 1)];
          waiting = waiting.slice(1);
        } else if (what === 'withdraw' && waiting.length > 0) {
          const id = waiting[at % waiting.length] as number;
          bulkhead.withdraw(calls[id] as { start(): void });
          waiting = waiting.filter((one) => one !== id);
        }
        expect([bulkhead.running, bulkhead.waiting]).toEqual([running.length, waiting.length]);
        expect(started).toEqual(expect.arrayContaining(running));
        expect(started).not.toEqual(expect.arrayContaining([-1, ...waiting].slice(waiting.length > 0 ? 1 : 0)));
      }
    }),
  );
});

describe('around a subgraph', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['performance', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'],
      }),
  );
  afterEach(() => void vi.useRealTimers());

  const limited = (max: number, queue: number) => {
    const { source, calls } = heldSource();
    const bulkhead = new Bulkhead({ max, queue });
    return { whole: limitConcurrency(source, bulkhead, 1_000), bulkhead, calls };
  };
  const bodies = (calls: ReturnType<typeof heldSource>['calls']) => calls.map(({ request }) => request.body);

  it('calls over the limit wait, in their order', () => {
    const { whole, calls } = limited(1, 5);
    const answers = ['a', 'b', 'c'].map((body) => ask(whole, { body }));
    expect(bodies(calls)).toEqual(['a']);
    calls[0]?.done(text('1'));
    expect(bodies(calls)).toEqual(['a', 'b']);
    calls[1]?.done(text('2'));
    calls[2]?.done(text('3'));
    expect(answers).toEqual([[text('1')], [text('2')], [text('3')]]);
  });

  it('a call that finds the queue full is rejected at once', () => {
    const { whole, calls } = limited(1, 1);
    const answers = ['a', 'b', 'c'].map((body) => ask(whole, { body }));
    expect(answers[2]).toMatchObject([{ failure: { code: 'SUBREQUEST_QUEUE_FULL', reason: 'queue is full' } }]);
    expect(bodies(calls)).toEqual(['a']);
  });

  it('a call leaves the queue when its client disconnects', () => {
    const { whole, calls, bulkhead } = limited(1, 1);
    const signal = new Cancellation();
    ask(whole, { body: 'a' });
    const answers = ask(whole, { body: 'b', client: client({ signal }) });
    signal.abort();
    expect(answers).toMatchObject([{ failure: { reason: 'request aborted' } }]);
    expect(bulkhead.waiting).toBe(0);
    calls[0]?.done(text('1'));
    expect(bodies(calls)).toEqual(['a']);
  });

  it('a call leaves the queue when its time is over', () => {
    const { whole, bulkhead } = limited(1, 1);
    ask(whole);
    const answers = ask(whole);
    vi.advanceTimersByTime(999);
    expect(answers).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(answers).toMatchObject([{ failure: { code: 'SUBREQUEST_TIMEOUT', reason: 'time is over in the queue' } }]);
    expect(bulkhead.waiting).toBe(0);
  });

  it('a call that has waited has the rest of its time', () => {
    const { whole, calls } = limited(1, 1);
    const until = performance.now() + 1_000;
    ask(whole);
    ask(whole);
    vi.advanceTimersByTime(400);
    calls[0]?.done(text('1'));
    expect(calls[1]?.request.deadline).toBe(until);
  });

  it('a long queue of calls that fail at once needs no stack', () => {
    const { source, calls } = heldSource();
    let isDown = false;
    const rejected: SubgraphResponse = { kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'down' } };
    const failing = {
      ...source,
      send: ((request, done) => (isDown ? done(rejected) : source.send(request, done))) as typeof source.send,
    };
    const whole = limitConcurrency(failing, new Bulkhead({ max: 1, queue: 50_000 }), 1_000);
    const answers = Array.from({ length: 50_000 }, () => ask(whole));
    isDown = true;
    calls[0]?.done(text('1'));
    expect(answers.at(-1)).toEqual([rejected]);
  });
});
