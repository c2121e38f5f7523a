import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import { createHttpSource } from '../../src/sources/http/http-source.ts';
import { ApiCallError, type SendApiRequest, type SentApiRequest } from '../../src/sources/rest/api-transport.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../src/sources/source.ts';
import { callApiSafely } from '../../src/traffic/api-calls.ts';
import { LOST_CONNECTIONS, type RetryPolicy, retryReads } from '../../src/traffic/retry.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import type { RetryCondition } from '../../src/traffic/retry-conditions.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { ask as askApi, json, restSource, stubApi } from '../sources/rest/stub-api.ts';
import { ask, client, heldSource, text } from './held-source.ts';

/** What a subgraph has without settings: one more try after a lost connection. */
const retryLostConnections = (source: Source, { timeoutMs }: { timeoutMs: number }) =>
  retryReads(source, { ...LOST_CONNECTIONS, timeoutMs, budget: budget() });
const retryLostApiReads = (send: SendApiRequest) =>
  callApiSafely(send, {
    subgraph: 'api',
    retry: { ...LOST_CONNECTIONS, timeoutMs: 60_000, budget: budget() },
  });
/** @param min_per_second how many retries there may be, for each second of ten */
const budget = (min_per_second = 3) => new RetryBudget({ share: 0.2, window: 10_000, min_per_second });

const lost = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'lost', reason: 'connection reset', isConnectionLoss: true },
} satisfies SubgraphResponse;
const refused: SubgraphResponse = {
  kind: 'failure',
  failure: {
    code: 'SUBREQUEST_HTTP_ERROR',
    message: 'refused',
    reason: 'connection refused',
    isConnectionFailure: true,
    isUnsent: true,
  },
};

describe('a read whose connection is lost', () => {
  it('is sent once more, as it was, and gets the second response', () => {
    const { source, calls } = heldSource();
    const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }));
    calls[0]?.done(lost);
    expect(answers).toEqual([]);
    expect(calls[1]?.request).toMatchObject({ body: '{ name }', operationType: 'query', needsFreshConnection: true });
    calls[1]?.done(text('1'));
    expect(answers).toEqual([text('1')]);
  });

  it('fails when the second connection is lost, too', () => {
    const { source, calls } = heldSource();
    const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }));
    calls[0]?.done(lost);
    calls[1]?.done(lost);
    expect(answers).toEqual([lost]);
    expect(calls.length).toBe(2);
  });

  it('has for both tries the time of one: the second try has its deadline, the first needs none', () => {
    const { source, calls } = heldSource();
    const before = performance.now();
    ask(retryLostConnections(source, { timeoutMs: 1_000 }));
    const after = performance.now();
    calls[0]?.done(lost);
    const deadline = calls[1]?.request.deadline;
    expect(calls[0]?.request).not.toHaveProperty('deadline');
    expect(deadline).toBeGreaterThanOrEqual(before + 1_000);
    expect(deadline).toBeLessThanOrEqual(after + 1_000);
  });

  it('keeps an earlier deadline that it came with', () => {
    const { source, calls } = heldSource();
    const deadline = performance.now() + 30_000;
    ask(retryLostConnections(source, { timeoutMs: 60_000 }), { deadline });
    calls[0]?.done(lost);
    expect(calls[1]?.request.deadline).toBe(deadline);
  });

  it('is not sent again after its deadline', () => {
    const { source, calls } = heldSource();
    const answers = ask(retryLostConnections(source, { timeoutMs: 60_000 }), { deadline: performance.now() });
    calls[0]?.done(lost);
    expect(answers).toEqual([lost]);
  });
});

it.each(['mutation', 'subscription'] as const)('a %s is never sent twice', (operationType) => {
  const { source, calls } = heldSource();
  const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }), { operationType });
  calls[0]?.done(lost);
  expect(answers).toEqual([lost]);
  expect(calls.length).toBe(1);
});

it('other failures are not retried', () => {
  const { source, calls } = heldSource();
  const answers = ask(retryLostConnections(source, { timeoutMs: 1_000 }));
  calls[0]?.done(refused);
  expect(answers).toEqual([refused]);
  expect(calls.length).toBe(1);
});

describe('with traffic_shaping.….retry, a read', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  const status = (code: number, retryAfter?: number): SubgraphResponse => ({
    kind: 'failure',
    failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'status', status: code, ...(retryAfter && { retryAfter }) },
  });
  const late: SubgraphResponse = { kind: 'failure', failure: { code: 'SUBREQUEST_TIMEOUT', message: 'late' } };

  /** Three tries; the random time before a retry is half of the longest one: 50 ms, then 100 ms. */
  const policy = (settings: Partial<RetryPolicy> = {}): RetryPolicy => ({
    maxAttempts: 3,
    on: new Set<RetryCondition>(['connection_failure', 'gateway_error', 'timeout', 'retry_after']),
    backoff: { base: 100, max: 1_000 },
    timeoutMs: 10_000,
    budget: budget(),
    random: () => 0.5,
    ...settings,
  });

  it.each([
    ['a refused connection', refused],
    ['a 502', status(502)],
    ['a 503', status(503)],
    ['a 504', status(504)],
    ['a timeout', late],
    ['a GraphQL result with status 503', { kind: 'text', text: '{"data":null}', status: 503 } as const],
  ])('is sent again after %s: after 50 ms, then after 100 ms, then no more', (_, failure) => {
    const { source, calls } = heldSource();
    const answers = ask(retryReads(source, policy()));
    calls[0]?.done(failure);
    vi.advanceTimersByTime(49);
    expect(calls.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(calls.length).toBe(2);
    calls[1]?.done(failure);
    vi.advanceTimersByTime(100);
    expect(calls.length).toBe(3);
    calls[2]?.done(failure);
    expect(answers).toEqual([failure]);
  });

  it.each([
    ['a 500', status(500)],
    ['a 429 without Retry-After', status(429)],
    ['a 404', status(404)],
    ['a GraphQL result', text('{"errors":[]}')],
  ])('is not sent again after %s', (_, response) => {
    const { source, calls } = heldSource();
    const answers = ask(retryReads(source, policy()));
    calls[0]?.done(response);
    expect(answers).toEqual([response]);
  });

  it('is sent again after a 500 where `on` has 5xx', () => {
    const { source, calls } = heldSource();
    ask(retryReads(source, policy({ on: new Set(['5xx']) })));
    calls[0]?.done(status(500));
    vi.advanceTimersByTime(50);
    expect(calls.length).toBe(2);
  });

  it.each([429, 503])('waits as long as the Retry-After of a %i says', (code) => {
    const { source, calls } = heldSource();
    ask(retryReads(source, policy()));
    calls[0]?.done(status(code, 2));
    vi.advanceTimersByTime(1_999);
    expect(calls.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(calls.length).toBe(2);
  });

  it('gets the failure at once when Retry-After is after its deadline', () => {
    const { source, calls } = heldSource();
    const answers = ask(retryReads(source, policy({ timeoutMs: 2_000 })));
    calls[0]?.done(status(503, 2));
    expect(answers).toEqual([status(503, 2)]);
  });

  it('has try_timeout for each try, and all tries together have the timeout', () => {
    const { source, calls } = heldSource();
    const start = performance.now();
    ask(retryReads(source, policy({ tryTimeoutMs: 600, timeoutMs: 1_000 })));
    vi.advanceTimersByTime(600);
    calls[0]?.done(late);
    vi.advanceTimersByTime(50);
    expect(calls.map(({ request }) => (request.deadline ?? 0) - start)).toEqual([600, 1_000]);
  });

  it('is not sent again when the budget is used up', () => {
    const { source, calls } = heldSource();
    const seen: [string, boolean][] = [];
    const onRetry: RetryPolicy['onRetry'] = (reason, isDenied) => seen.push([reason, isDenied]);
    const whole = retryReads(source, policy({ budget: budget(0.1), onRetry }));
    const answers = [ask(whole), ask(whole)];
    calls[0]?.done(lost);
    calls[1]?.done(status(502));
    expect(calls.length).toBe(3);
    expect(answers).toEqual([[], [status(502)]]);
    expect(seen).toEqual([
      ['lost_connection', false],
      ['gateway_error', true],
    ]);
  });

  it('may overdraw the budget when its connection had been idle: a restart closes many at once', () => {
    const { source, calls } = heldSource();
    const whole = retryReads(source, policy({ budget: budget(0) }));
    const stale = { ...lost, failure: { ...lost.failure, wasIdle: true } } satisfies SubgraphResponse;
    const answers = [ask(whole), ask(whole)];
    calls[0]?.done(stale);
    calls[1]?.done(lost);
    expect(calls.length).toBe(3);
    expect(answers).toEqual([[], [lost]]);
  });

  it('is not sent again when its client disconnects before', () => {
    const { source, calls } = heldSource();
    const signal = new Cancellation();
    const answers = ask(retryReads(source, policy()), { client: client({ signal }) });
    calls[0]?.done(status(502));
    signal.abort();
    expect(answers).toMatchObject([{ failure: { reason: 'request aborted' } }]);
    vi.advanceTimersByTime(1_000);
    expect(calls.length).toBe(1);
  });

  it('that is a mutation is sent again only when there was no connection', () => {
    const { source, calls } = heldSource();
    const whole = retryReads(source, policy({ tryTimeoutMs: 600 }));
    const answers = [lost, status(503, 1), late].map((failure, at) => {
      const got = ask(whole, { operationType: 'mutation' });
      calls[at]?.done(failure);
      return got;
    });
    expect(answers).toEqual([[lost], [status(503, 1)], [late]]);
    expect(calls[0]?.request.deadline).toBeUndefined();
    ask(whole, { operationType: 'mutation' });
    calls[3]?.done(refused);
    vi.advanceTimersByTime(50);
    expect(calls.length).toBe(5);
  });
});

describe('over HTTP, a connection lost before any answer', () => {
  const BODY = '{"query":"{ name }"}';

  /** Takes each request, and closes the connection without a word for the first `times` of them. */
  const closing = async (times: number) => {
    const bodies: string[] = [];
    const { url } = await fakeSubgraph(async (req, res) => {
      bodies.push(await bodyOf(req));
      if (bodies.length <= times) res.destroy();
      else res.end('{"data":{}}');
    });
    return { url, bodies };
  };

  const send = (url: string, operationType: SourceRequest['operationType'] = 'query'): Promise<SubgraphResponse> => {
    const source: Source = createHttpSource({ name: 'products', url, timeoutMs: 5_000 });
    onTestFinished(() => source.close());
    const request = { body: BODY, operationType, client: { requestId: 'r', headers: {} } };
    return new Promise((resolve) => retryLostConnections(source, { timeoutMs: 5_000 }).send(request, resolve));
  };

  it('is tried once more for a query', async () => {
    const { url, bodies } = await closing(1);
    expect(await send(url)).toMatchObject({ kind: 'text', text: '{"data":{}}' });
    expect(bodies).toEqual([BODY, BODY]);
  });

  it('is a failure the second time', async () => {
    const { url, bodies } = await closing(2);
    expect(await send(url)).toMatchObject({ failure: { code: 'SUBREQUEST_HTTP_ERROR' } });
    expect(bodies.length).toBe(2);
  });

  it('is never tried again for a mutation', async () => {
    const { url, bodies } = await closing(1);
    expect(await send(url, 'mutation')).toMatchObject({ failure: { code: 'SUBREQUEST_HTTP_ERROR' } });
    expect(bodies.length).toBe(1);
  });
});

describe('a call of a REST API whose connection is lost', () => {
  const requestOf = (method: string): SentApiRequest => ({
    method,
    path: '/users',
    headers: {},
    body: undefined,
    signal: new AbortController().signal,
  });

  /** Rejects with these errors, one a call, and counts the calls. */
  const failing = (...errors: Error[]) => {
    const sent: SentApiRequest[] = [];
    const send: SendApiRequest = (request) => {
      sent.push(request);
      return Promise.reject(errors[sent.length - 1] ?? new Error('one call too many'));
    };
    return { send: retryLostApiReads(send), sent };
  };
  const reset = () => new ApiCallError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  const unreachable = () => new ApiCallError(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));

  it('is sent once more where it is a GET', async () => {
    const second = unreachable();
    const { send, sent } = failing(reset(), second);
    const request = requestOf('GET');
    await expect(send(request)).rejects.toBe(second);
    expect(sent).toEqual([request, { ...request, needsFreshConnection: true }]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is not sent again where it is a %s', async (method) => {
    const first = reset();
    const { send, sent } = failing(first);
    await expect(send(requestOf(method))).rejects.toBe(first);
    expect(sent.length).toBe(1);
  });

  it('is not sent again after another failure', async () => {
    const first = unreachable();
    const { send, sent } = failing(first);
    await expect(send(requestOf('GET'))).rejects.toBe(first);
    expect(sent.length).toBe(1);
  });

  it('is answered by the second try; without the layer it fails', async () => {
    const SDL = 'type Query { title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title") }';
    const reset = (res: ServerResponse) => void res.destroy();
    const api = await stubApi(() => (api.calls.length % 2 === 1 ? reset : json(200, { title: 'one' })));
    const retried = restSource(api, SDL, { callLayer: retryLostApiReads });
    expect(await askApi(retried, '{ title }')).toEqual({ data: { title: 'one' } });
    expect(api.lines()).toEqual(['GET /title', 'GET /title']);
    const { data, errors } = await askApi(restSource(api, SDL), '{ title }');
    expect([data, errors?.[0]?.extensions.code]).toEqual([{ title: null }, 'SUBREQUEST_HTTP_ERROR']);
  });
});
