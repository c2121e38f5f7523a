import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../src/sources/cancellation.ts';
import { type ApiCallOptions, callApiSafely } from '../../src/traffic/api-calls.ts';
import { Bulkhead } from '../../src/traffic/bulkhead.ts';
import { CircuitBreaker } from '../../src/traffic/circuit-breaker.ts';
import { RetryBudget } from '../../src/traffic/retry-budget.ts';
import type { RetryCondition } from '../../src/traffic/retry-conditions.ts';
import { aClient, ask, json, restSource, type StubApi, stubApi } from '../sources/rest/stub-api.ts';

const SDL = `
  type Query { title: String @connect(source: "api", http: {GET: "/title"}, selection: "$.title") }
  type Mutation { rename: String @connect(source: "api", http: {POST: "/title"}, selection: "$.title") }
`;

const RETRY = {
  maxAttempts: 3,
  on: new Set<RetryCondition>(['connection_failure', '5xx', 'timeout', 'retry_after']),
  backoff: { base: 1, max: 1 },
  timeoutMs: 10_000,
  budget: new RetryBudget({ share: 1, window: 10_000, min_per_second: 100 }),
};

const sourceOf = (api: StubApi, options: Partial<ApiCallOptions> = {}) =>
  restSource(api, SDL, {
    callLayer: (send) => callApiSafely(send, { subgraph: 'shop', retry: RETRY, ...options }),
    timeoutMs: 10_000,
  });

const BREAKER = {
  error_threshold: 1,
  volume_threshold: 1_000,
  window: 60_000,
  reset_timeout: 3_600_000,
  half_open_attempts: 1,
};

const good = json(200, { title: 'one' });
/** An API whose first calls end like this. */
const breaking = (times: number, fault: (res: ServerResponse) => void) => {
  let left = times;
  return stubApi(() => (left-- > 0 ? fault : good));
};

const codeOf = async (answer: ReturnType<typeof ask>) => (await answer).errors?.[0]?.extensions.code;

describe('calls of a REST API', () => {
  it.each<[string, (res: ServerResponse) => void]>([
    ['with status 500', json(500, { error: 'x'.repeat(100_000) })],
    ['with a 429 and Retry-After', (res) => void res.writeHead(429, { 'retry-after': '0' }).end()],
    ['without a response', (res) => void res.destroy()],
  ])('a GET that ends twice %s is sent a third time', async (_, fault) => {
    const api = await breaking(2, fault);
    expect(await ask(sourceOf(api), '{ title }')).toEqual({ data: { title: 'one' } });
    expect(api.calls.length).toBe(3);
  });

  it('a GET that hangs is sent again after try_timeout; the error says so when all tries hang', async () => {
    const retry = { ...RETRY, tryTimeoutMs: 100 };
    const once = await breaking(1, () => {});
    expect(await ask(sourceOf(once, { retry }), '{ title }')).toEqual({ data: { title: 'one' } });
    const always = await breaking(100, () => {});
    const { errors } = await ask(sourceOf(always, { retry }), '{ title }');
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'SUBREQUEST_TIMEOUT',
      reason: 'no complete response within 100 ms',
    });
    expect(always.calls.length).toBe(3);
  });

  it('a POST is sent once', async () => {
    const api = await breaking(1, json(503, {}));
    expect(await codeOf(ask(sourceOf(api), 'mutation { rename }'))).toBe('SUBREQUEST_HTTP_ERROR');
    expect(api.calls.length).toBe(1);
  });

  it('the circuit opens after failures, and calls are rejected', async () => {
    const api = await breaking(100, json(500, {}));
    const settings = { error_threshold: 1, volume_threshold: 2, window: 60_000, half_open_attempts: 1 };
    const breaker = new CircuitBreaker({ ...settings, reset_timeout: 3_600_000 });
    const source = sourceOf(api, { breaker, retry: { ...RETRY, maxAttempts: 1 } });
    const codes = [];
    for (let call = 0; call < 3; call++) codes.push(await codeOf(ask(source, '{ title }')));
    expect(codes).toEqual(['SUBREQUEST_HTTP_ERROR', 'SUBREQUEST_HTTP_ERROR', 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED']);
    expect(api.calls.length).toBe(2);
  });

  it.each([
    { isOneShot: false, state: 'open' },
    { isOneShot: true, state: 'closed' },
  ])('a slow call opens the circuit, and one that waits for files of the client does not: $isOneShot', async (call) => {
    let now = 0;
    const settings = { error_threshold: 1, volume_threshold: 1, window: 60_000, half_open_attempts: 1 };
    const slow = { duration: 100, share: 1 };
    const breaker = new CircuitBreaker(
      { ...settings, reset_timeout: 3_600_000, slow_threshold: slow },
      undefined,
      () => now,
    );
    const send = async () => ({ statusCode: 200, headers: {}, body: Readable.from([]) }) as never;
    const signal = new AbortController().signal;
    const sent = { method: 'POST', path: '/', headers: {}, body: undefined, signal, isOneShot: call.isOneShot };
    const { body } = await callApiSafely(send, { subgraph: 'shop', retry: RETRY, breaker })(sent);
    now = 500;
    body.resume();
    await once(body, 'close');
    expect(breaker.state).toBe(call.state);
  });

  it('calls over the limit wait, further ones are rejected, and a place is free again after each end', async () => {
    const held: ServerResponse[] = [];
    const api = await stubApi(() => (res: ServerResponse) => void held.push(res));
    const bulkhead = new Bulkhead({ max: 1, queue: 1 });
    const source = sourceOf(api, { bulkhead });
    const first = ask(source, '{ title }', {}, aClient());
    await vi.waitFor(() => expect(held.length).toBe(1));
    const second = ask(source, '{ title }', {}, aClient());
    await vi.waitFor(() => expect(bulkhead.waiting).toBe(1));
    expect(await codeOf(ask(source, '{ title }', {}, aClient()))).toBe('SUBREQUEST_QUEUE_FULL');
    good(held[0] as ServerResponse);
    expect(await first).toEqual({ data: { title: 'one' } });
    await vi.waitFor(() => expect(held.length).toBe(2));
    good(held[1] as ServerResponse);
    expect(await second).toEqual({ data: { title: 'one' } });
    await vi.waitFor(() => expect([bulkhead.running, bulkhead.waiting]).toEqual([0, 0]));
  });

  it('the API learns how much time it has', async () => {
    const api = await breaking(0, good);
    await ask(sourceOf(api, { deadlineHeader: 'x-time-left-ms' }), '{ title }');
    const left = Number(api.calls[0]?.headers['x-time-left-ms']);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(10_000);
  });

  it('the API learns of the time that the client request has left, if that is less', async () => {
    const api = await breaking(0, good);
    const client = { ...aClient(), deadline: performance.now() + 5_000 };
    await ask(sourceOf(api, { deadlineHeader: 'x-time-left-ms' }), '{ title }', {}, client);
    const left = Number(api.calls[0]?.headers['x-time-left-ms']);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5_000);
  });

  it('a retry that the budget does not allow counts once', async () => {
    const onRetry = vi.fn();
    const budget = new RetryBudget({ share: 0, window: 10_000, min_per_second: 0.1 });
    let calls = 0;
    const api = await stubApi(() =>
      calls++ === 0 ? json(503, {}) : (res: ServerResponse) => void res.socket?.resetAndDestroy(),
    );
    const retry = {
      ...RETRY,
      maxAttempts: 10,
      on: new Set<RetryCondition>(['5xx', 'connection_failure']),
      budget,
      onRetry,
    };
    expect((await ask(sourceOf(api, { retry }), '{ title }')).data).toEqual({ title: null });
    expect(onRetry.mock.calls).toEqual([
      ['5xx', false],
      ['lost_connection', true],
    ]);
  });

  it.each([
    ['that had waited for long when its client request timed out', 0, true, 'SUBREQUEST_TIMEOUT', 'open'],
    ['that was sent shortly before that', 3_600_000, true, 'SUBREQUEST_HTTP_ERROR', 'closed'],
    ['whose client has disconnected', 0, false, 'SUBREQUEST_HTTP_ERROR', 'closed'],
  ])('a call %s', async (_, timeoutMs, isTimeout, code, state) => {
    const breaker = new CircuitBreaker({ ...BREAKER, consecutive_failures: 1 });
    const api = await stubApi(() => () => {});
    const signal = new Cancellation();
    const client = { ...aClient(), signal, timeoutMs };
    const [body, source] = ['{"query":"{ title }"}', sourceOf(api, { breaker })];
    const answer = new Promise((done) => source.send({ body, operationType: 'query', client }, done));
    await vi.waitFor(() => expect(api.calls.length).toBe(1));
    signal.abort(isTimeout);
    expect(await answer).toMatchObject({ failure: { code } });
    await vi.waitFor(() => expect(breaker.state).toBe(state));
  });
});
