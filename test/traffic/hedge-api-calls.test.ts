import type { ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import { type ApiCallOptions, callApiSafely } from '../../src/traffic/api-calls.ts';
import { Bulkhead } from '../../src/traffic/bulkhead.ts';
import { CircuitBreaker } from '../../src/traffic/circuit-breaker.ts';
import type { ApiHedgePolicy } from '../../src/traffic/hedge-api-calls.ts';
import { HedgeShare } from '../../src/traffic/hedge-share.ts';
import { LatencyWindow } from '../../src/traffic/latency-window.ts';
import { LOST_CONNECTIONS } from '../../src/traffic/retry.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import { aClient, ask, json, restSource, stubApi } from '../sources/rest/stub-api.ts';

const SDL = `
  type Query { title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title") }
  type Mutation { rename: String @connect(source: "api", http: {POST: "/title"}, selection: "$.title") }
`;

interface Hedging extends Partial<ApiHedgePolicy> {
  readonly maxShare?: number;
  readonly budget?: RetryBudget;
}

/** A REST API whose calls are answered by the test, with hedging after a millisecond. */
async function hedgedApi(
  { maxShare = 1, budget = budgetOf(100), ...hedge }: Hedging = {},
  options: Partial<ApiCallOptions> = {},
) {
  const held: ServerResponse[] = [];
  const cancelled: number[] = [];
  const api = await stubApi(() => (res: ServerResponse) => {
    const at = held.push(res) - 1;
    res.on('close', () => !res.writableFinished && cancelled.push(at));
  });
  const results: string[] = [];
  const latencies = new LatencyWindow();
  const policy = {
    after: 1,
    latencies,
    share: new HedgeShare(maxShare, budget),
    onHedge: results.push.bind(results),
    ...hedge,
  };
  const retry = { ...LOST_CONNECTIONS, timeoutMs: 60_000, budget };
  const source = restSource(api, SDL, {
    callLayer: (send) => callApiSafely(send, { subgraph: 'shop', retry, hedge: policy, ...options }),
    timeoutMs: 60_000,
  });
  /** Waits until the API has received so many calls. */
  const calls = async (count: number) => {
    await vi.waitFor(() => expect(held.length).toBe(count));
    return held as [ServerResponse, ServerResponse, ...ServerResponse[]];
  };
  return { source, calls, held, cancelled, results };
}

const budgetOf = (min_per_second: number) => new RetryBudget({ share: 0, window: 1_000, min_per_second });
const good = (title: string) => json(200, { title });

describe('a GET that takes longer than `after`', () => {
  it('is sent a second time; the first good response wins, and the other call is cancelled', async () => {
    const { source, calls, cancelled, results } = await hedgedApi();
    const answer = ask(source, '{ title }');
    const [, second] = await calls(2);
    good('two')(second);
    expect(await answer).toEqual({ data: { title: 'two' } });
    await vi.waitFor(() => expect(cancelled).toEqual([0]));
    expect(results.map(String)).toEqual(['won']);
  });

  it('can still win itself', async () => {
    const { source, calls, cancelled, results } = await hedgedApi();
    const answer = ask(source, '{ title }');
    const [first] = await calls(2);
    good('one')(first);
    expect(await answer).toEqual({ data: { title: 'one' } });
    await vi.waitFor(() => expect(cancelled).toEqual([1]));
    expect(results).toEqual(['lost']);
  });

  it.each([503, 429])(
    'status %i does not win while the other call runs; when both fail, so does the read',
    async (status) => {
      const { source, calls } = await hedgedApi();
      const answers = [ask(source, '{ title }')];
      const [first, second] = await calls(2);
      json(status, { error: 'x'.repeat(100_000) })(first);
      good('two')(second);
      expect(await answers[0]).toEqual({ data: { title: 'two' } });
      const failed = ask(source, '{ title }', {}, aClient());
      const held = await calls(4);
      for (const res of held.slice(2)) json(500, {})(res);
      expect((await failed).errors?.[0]?.extensions).toMatchObject({ http: { status: 500 } });
    },
  );

  it('has both calls cancelled when its client disconnects, also while the body is read', async () => {
    const { source, calls, cancelled } = await hedgedApi();
    const signals = [new Cancellation(), new Cancellation()];
    const answers = signals.map((signal) =>
      ask(source, '{ title }', {}, { ...aClient(), signal }).catch(() => undefined),
    );
    const held = await calls(4);
    signals[0]?.abort();
    await vi.waitFor(() => expect(cancelled.length).toBe(2));
    const [open] = [0, 1, 2, 3].filter((at) => !cancelled.includes(at)) as [number];
    held[open]?.writeHead(200, { 'content-type': 'application/json' }).write('{');
    await vi.waitFor(() => expect(cancelled.length).toBe(3));
    signals[1]?.abort();
    await vi.waitFor(() => expect(cancelled.length).toBe(4));
    await Promise.all(answers);
  });
});

describe('no second call', () => {
  it('for another method', async () => {
    const { source, calls, held } = await hedgedApi();
    const answer = ask(source, 'mutation { rename }');
    const [first] = await calls(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(held.length).toBe(1);
    good('one')(first);
    expect(await answer).toEqual({ data: { rename: 'one' } });
  });

  it.each<[string, Hedging]>([
    ['beyond max_share', { maxShare: 0.1 }],
    ['beyond the budget', { budget: budgetOf(0) }],
  ])('%s', async (_, settings) => {
    const { source, calls, results } = await hedgedApi(settings);
    const answer = ask(source, '{ title }');
    await vi.waitFor(() => expect(results).toEqual(['denied']));
    good('one')((await calls(1))[0]);
    expect(await answer).toEqual({ data: { title: 'one' } });
  });

  it('with p95, before there are enough responses', async () => {
    const { source, calls, results } = await hedgedApi({ after: 'p95' });
    for (let at = 0; at < 20; at++) {
      const answer = ask(source, '{ title }', {}, aClient());
      await calls(at + 1);
      good('one')((await calls(at + 1))[at] as ServerResponse);
      expect(await answer).toEqual({ data: { title: 'one' } });
    }
    expect(results).toEqual([]);
    const slow = ask(source, '{ title }', {}, aClient());
    good('two')((await calls(22))[21] as ServerResponse);
    expect(await slow).toEqual({ data: { title: 'two' } });
  });
});

it('each call has its place in the bulkhead; one that is cancelled is no failure for the circuit breaker', async () => {
  const bulkhead = new Bulkhead({ max: 2, queue: 0 });
  const settings = { error_threshold: 1, volume_threshold: 1, window: 60_000, half_open_attempts: 1 };
  const breaker = new CircuitBreaker({ ...settings, reset_timeout: 3_600_000 });
  const { source, calls } = await hedgedApi({}, { bulkhead, breaker });
  for (const round of [1, 2, 3]) {
    const answer = ask(source, '{ title }', {}, aClient());
    const held = await calls(round * 2);
    expect(bulkhead.running).toBe(2);
    good('two')(held.at(-1) as ServerResponse);
    expect(await answer).toEqual({ data: { title: 'two' } });
    await vi.waitFor(() => expect(bulkhead.running).toBe(0));
  }
  expect(breaker.state).toBe('closed');
});
