import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { type HedgePolicy, hedgeReads } from '../../src/traffic/hedge.ts';
import { LatencyWindow } from '../../src/traffic/latency-window.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import { ask, client, heldSource, text } from './held-source.ts';

/** What runs after the timers that are due. */
const immediates: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  vi.spyOn(globalThis, 'setImmediate').mockImplementation(((callback: (value: unknown) => void, value: unknown) => {
    immediates.push(() => callback(value));
  }) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Lets `ms` milliseconds pass, and the turn of the event loop after them. */
function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  for (const callback of immediates.splice(0)) callback();
}

const failed: SubgraphResponse = { kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'failed' } };

function hedged(settings: Partial<HedgePolicy> = {}) {
  const { source, calls } = heldSource();
  const results: string[] = [];
  const policy: HedgePolicy = {
    after: 100,
    maxShare: 1,
    latencies: new LatencyWindow(),
    budget: new RetryBudget({ share: 0, window: 1_000, min_per_second: 1_000 }),
    onHedge: (result) => results.push(result),
    ...settings,
  };
  const isCancelled = () => calls.map(({ request }) => request.signal?.aborted);
  return { whole: hedgeReads(source, policy), calls, results, isCancelled };
}

it('a read that takes longer than `after` is sent a second time; the first response wins, and the other call is cancelled if it takes as long again', () => {
  const { whole, calls, results, isCancelled } = hedged();
  const answers = ask(whole);
  pass(99);
  expect(calls.length).toBe(1);
  pass(1);
  expect(calls[1]?.request).toMatchObject({ body: '{ name }', operationType: 'query' });
  calls[1]?.done(text('{"data":"2"}'));
  expect(answers).toEqual([text('{"data":"2"}')]);
  pass(99);
  expect(isCancelled()).toEqual([false, false]);
  pass(1);
  expect(isCancelled()).toEqual([true, false]);
  calls[0]?.done(text('{"data":"1"}'));
  expect(answers.length).toBe(1);
  expect(results).toEqual(['won']);
});

it('a read that is answered in time is sent once', () => {
  const { whole, calls } = hedged();
  const answers = ask(whole);
  calls[0]?.done(text('{"data":"1"}'));
  pass(1_000);
  expect([calls.length, answers]).toEqual([1, [text('{"data":"1"}')]]);
});

it('a read whose response has arrived while the process was busy is sent once', () => {
  const { whole, calls } = hedged();
  const answers = ask(whole);
  // what is in a socket is read after the timers that are due
  setTimeout(() => calls[0]?.done(text('{"data":"1"}')), 100);
  pass(1_000);
  expect([calls.length, answers]).toEqual([1, [text('{"data":"1"}')]]);
});

it('a mutation is never sent twice', () => {
  const { whole, calls } = hedged();
  ask(whole, { operationType: 'mutation' });
  pass(1_000);
  expect(calls.length).toBe(1);
});

it('a failure does not win while the other call runs; when both fail, the last failure is the result', () => {
  const { whole, calls, results } = hedged();
  const answers = [ask(whole), ask(whole)];
  pass(100);
  calls[0]?.done(failed);
  calls[2]?.done(text('{"data":"good"}'));
  calls[1]?.done({ kind: 'text', text: '{}', status: 503 });
  expect(answers).toEqual([[text('{"data":"good"}')], []]);
  calls[3]?.done(failed);
  expect(answers[1]).toEqual([failed]);
  expect(results).toEqual(['won', 'lost']);
});

it.each<[string, SubgraphResponse]>([
  ['429', { kind: 'text', text: '{"errors":[]}', status: 429, retryAfter: 1 }],
  ['503', { kind: 'text', text: '{"errors":[]}', status: 503 }],
  ['no GraphQL result', text('<html>It works!</html>')],
])('%s does not win while the other call runs, and its time does not count', (_, bad) => {
  const latencies = new LatencyWindow();
  const times = vi.spyOn(latencies, 'record');
  const { whole, calls, results, isCancelled } = hedged({ latencies });
  const answers = ask(whole);
  pass(100);
  calls[1]?.done(bad);
  expect([answers, isCancelled()[0], times.mock.calls]).toEqual([[], false, []]);
  calls[0]?.done(text('{"data":{}}'));
  expect([answers, results]).toEqual([[text('{"data":{}}')], ['lost']]);
});

it('a read that fails before is not sent a second time: that is up to retries', () => {
  const { whole, calls } = hedged();
  const answers = ask(whole);
  calls[0]?.done(failed);
  pass(1_000);
  expect([calls.length, answers]).toEqual([1, [failed]]);
});

it('when the client disconnects, both calls are cancelled', () => {
  const { whole, calls, isCancelled } = hedged();
  const signal = new Cancellation();
  const answers = ask(whole, { client: client({ signal }) });
  pass(100);
  signal.abort();
  expect(isCancelled()).toEqual([true, true]);
  for (const call of calls) call.done(failed);
  expect(answers).toEqual([failed]);
});

it('at most a share of the reads has a second call, and those spend the budget', () => {
  const slow = (settings: Partial<HedgePolicy>) => {
    const { whole, calls, results } = hedged(settings);
    for (let read = 0; read < 200; read++) {
      ask(whole);
      pass(100);
    }
    return [calls.length - 200, results.filter((result) => result === 'denied').length];
  };
  expect(slow({ maxShare: 1 / 16 })).toEqual([12, 188]);
  const budget = new RetryBudget({ share: 0, window: 1_000_000, min_per_second: 0.003 });
  expect(slow({ budget })).toEqual([3, 197]);
});

it('with p95, the delay is the time in which 95 % of the last reads were answered', () => {
  const { whole, calls } = hedged({ after: 'p95' });
  for (let read = 1; read <= 20; read++) {
    ask(whole);
    pass(read * 10);
    calls.at(-1)?.done(text('{"data":"1"}'));
  }
  expect(calls.length).toBe(20);
  ask(whole);
  pass(189);
  expect(calls.length).toBe(21);
  pass(1);
  expect(calls.length).toBe(22);
});

it('the percentile is that of a sorted list of the last 256 times', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 32, maxLength: 700 }),
      (times) => {
        const window = new LatencyWindow();
        for (const time of times) window.record(time);
        const last = times.slice(0, times.length - (times.length % 32)).slice(-256);
        const sorted = [...last].sort((a, b) => a - b);
        expect(window.p95()).toBe(sorted[Math.ceil(sorted.length * 0.95) - 1]);
      },
    ),
  );
});
