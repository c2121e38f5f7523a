import type { RequestListener } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { type HttpWorld, httpWorld } from '../gateway/http-world.ts';
import { post } from '../gateway/serving.ts';

/** Two subgraphs: one to break, and one beside it. */
const SUBGRAPHS = {
  shop: {
    typeDefs: 'type Query { shop: String } type Mutation { buy: String }',
    resolvers: { Query: { shop: () => 'open' }, Mutation: { buy: () => 'bought' } },
  },
  news: { typeDefs: 'type Query { news: String }', resolvers: { Query: { news: () => 'fresh' } } },
};

const METRICS = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };

/** A gateway whose calls to `shop` have these settings. */
const world = (shop: Record<string, unknown>) =>
  httpWorld(SUBGRAPHS, { config: { telemetry: METRICS, traffic_shaping: { all: {}, subgraphs: { shop } } } });

async function ask({ server }: HttpWorld, query: string) {
  return (await (await post(server.url, { query })).json()) as {
    data: Record<string, unknown>;
    errors?: { extensions: Record<string, unknown> }[];
  };
}

const codes = ({ errors = [] }: Awaited<ReturnType<typeof ask>>) => errors.map(({ extensions }) => extensions.code);

/** Aliases make queries different, so that they do not share a call. */
const different = (count: number) => Array.from({ length: count }, (_, at) => `{ shop${at}: shop }`);

async function metric({ server }: HttpWorld, name: string): Promise<string[]> {
  const text = await (await fetch(server.metricsUrl ?? '')).text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}

const fails =
  (status: number, headers: Record<string, string> = {}): RequestListener =>
  (_, res) =>
    void res.writeHead(status, headers).end();

/** Breaks a subgraph for its next calls only. */
function break_(whole: HttpWorld, times: number, fault: RequestListener): void {
  const healthy: RequestListener = (_, res) =>
    void res.setHeader('content-type', 'application/json').end('{"data":{"shop":"open"}}');
  let left = times;
  whole.behave('shop', (req, res) => (left-- > 0 ? fault(req, res) : healthy(req, res)));
}

describe('retry', () => {
  const RETRY = { retry: { backoff: { base: '1ms' }, on: ['connection_failure', '5xx', 'timeout', 'retry_after'] } };

  test.each<[string, RequestListener]>([
    ['answers 500', fails(500)],
    ['resets the connection', (req) => void req.socket.resetAndDestroy()],
    [
      'breaks off in the middle of its response',
      (_, res) => void res.writeHead(200, { 'content-length': 99 }).write('{', () => res.destroy()),
    ],
    ['answers 429 with Retry-After', fails(429, { 'retry-after': '0' })],
  ])('a query gets its response from a subgraph that twice %s', async (_, fault) => {
    const whole = await world(RETRY);
    break_(whole, 2, fault);
    expect(await ask(whole, '{ shop }')).toEqual({ data: { shop: 'open' } });
    expect(whole.calls.shop).toBe(3);
    expect(await metric(whole, 'headgate_subgraph_retries_total')).toEqual([
      expect.stringMatching(/subgraph="shop".*result="sent"} 2$/),
    ]);
  });

  test('a query gets its response after an error with a code of error_codes, a mutation does not', async () => {
    const whole = await world({ retry: { ...RETRY.retry, error_codes: ['UNAVAILABLE'] } });
    const unavailable: RequestListener = (_, res) =>
      void res
        .setHeader('content-type', 'application/json')
        .end('{"data":{"shop":null},"errors":[{"message":"no","path":["shop"],"extensions":{"code":"UNAVAILABLE"}}]}');
    break_(whole, 2, unavailable);
    expect(await ask(whole, '{ shop }')).toEqual({ data: { shop: 'open' } });
    expect(await metric(whole, 'headgate_subgraph_retries_total')).toEqual([
      'headgate_subgraph_retries_total{subgraph="shop",reason="error_code",result="sent"} 2',
    ]);
    whole.behave('shop', unavailable);
    const last = await ask(whole, '{ shop }');
    expect([last.data, codes(last), whole.calls.shop]).toEqual([{ shop: null }, ['UNAVAILABLE'], 6]);
    await ask(whole, 'mutation { buy }');
    expect(whole.calls.shop).toBe(7);
  });

  test('a query gets its response from a subgraph whose first call hangs, with try_timeout', async () => {
    const whole = await world({ ...RETRY, try_timeout: '300ms' });
    break_(whole, 1, () => {});
    expect(await ask(whole, '{ shop }')).toEqual({ data: { shop: 'open' } });
  });

  test('a mutation is sent once', async () => {
    const whole = await world(RETRY);
    whole.behave('shop', fails(503));
    expect(codes(await ask(whole, 'mutation { buy }'))).toEqual(['SUBREQUEST_HTTP_ERROR']);
    expect(whole.calls.shop).toBe(1);
  });

  test('in an outage, the budget limits what retries add to the load', async () => {
    const budget = { share: '20%', window: '10m', min_per_second: 0 };
    const whole = await world({ retry: { backoff: { base: '0ms', max: '0ms' }, budget } });
    whole.behave('shop', fails(503));
    for (const query of different(100)) await ask(whole, query);
    expect(whole.calls.shop).toBe(120);
    expect(whole.lines.filter(({ msg }) => String(msg).startsWith('retry budget used up')).length).toBe(1);
  });
});

test('hedge: a query gets its response from a second call when the first hangs, and the first is cancelled', async () => {
  const whole = await world({ hedge: { after: '20ms', max_share: '100%' } });
  let isCancelled = false;
  break_(whole, 1, (_, res) => {
    res.on('close', () => {
      isCancelled = true;
    });
  });
  expect(await ask(whole, '{ shop }')).toEqual({ data: { shop: 'open' } });
  await vi.waitFor(() => expect(isCancelled).toBe(true));
  expect(await metric(whole, 'headgate_subgraph_hedges_total')).toEqual([
    'headgate_subgraph_hedges_total{subgraph="shop",result="won"} 1',
  ]);
});

describe('circuit breaker', () => {
  const BREAKER = { circuit_breaker: { volume_threshold: 4, half_open_attempts: 1, reset_timeout: '1h' } };

  test('a subgraph that fails is not called any more, and the state survives a new schema', async () => {
    const whole = await world(BREAKER);
    whole.behave('shop', fails(500));
    for (const query of different(4)) expect(codes(await ask(whole, query))).toEqual(['SUBREQUEST_HTTP_ERROR']);
    const rejected = await ask(whole, '{ shop news }');
    expect([rejected.data, codes(rejected)]).toEqual([
      { shop: null, news: 'fresh' },
      ['SUBGRAPH_CIRCUIT_BREAKER_REJECTED'],
    ]);
    whole.update(`${whole.supergraphSdl}\n"New." scalar New`);
    await vi.waitFor(async () =>
      expect(JSON.stringify(await ask(whole, '{ __type(name: "New") { name } }'))).toContain('"New"'),
    );
    expect(codes(await ask(whole, '{ shop }'))).toEqual(['SUBGRAPH_CIRCUIT_BREAKER_REJECTED']);
    expect(whole.calls.shop).toBe(4);
    expect(await metric(whole, 'headgate_subgraph_circuit_state')).toEqual([
      expect.stringMatching(/subgraph="shop",endpoint="http:\/\/127.0.0.1:\d+\/graphql"} 2$/),
    ]);
    expect(whole.lines).toContainEqual(expect.objectContaining({ msg: 'circuit breaker open; requests are rejected' }));
  });

  test('it recovers with the subgraph', async () => {
    const whole = await world({ circuit_breaker: { ...BREAKER.circuit_breaker, reset_timeout: '10ms' } });
    break_(whole, 4, fails(500));
    for (const query of different(4)) await ask(whole, query);
    await vi.waitFor(async () => expect(await ask(whole, '{ shop }')).toEqual({ data: { shop: 'open' } }));
    expect(await metric(whole, 'headgate_subgraph_circuit_state')).toEqual([expect.stringMatching(/ 0$/)]);
  });
});

test('concurrency: a hung subgraph has as many calls as allowed, some wait, the rest is rejected, others are not affected', async () => {
  const whole = await world({ concurrency: { max: 2, queue: 3 } });
  const held: (() => void)[] = [];
  whole.behave('shop', (req, res) => {
    const name = /shop\d+/;
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => held.push(() => void res.end(`{"data":{"${name.exec(body)?.[0] ?? 'shop'}":"open"}}`)));
  });
  const responses = different(6).map((query) => ask(whole, query));
  const first = await Promise.race(responses);
  expect(codes(first)).toEqual(['SUBREQUEST_QUEUE_FULL']);
  expect(await ask(whole, '{ news }')).toEqual({ data: { news: 'fresh' } });
  await vi.waitFor(() => expect(held.length).toBe(2));
  expect(await metric(whole, 'headgate_subgraph_calls_running')).toEqual([expect.stringMatching(/ 2$/)]);
  expect(await metric(whole, 'headgate_subgraph_calls_waiting')).toEqual([expect.stringMatching(/ 3$/)]);
  const release = setInterval(() => {
    for (const answer of held.splice(0)) answer();
  }, 5);
  const all = await Promise.all(responses);
  clearInterval(release);
  expect(all.filter(({ errors }) => errors === undefined).length).toBe(5);
});

test('deadline: what is left of the whole client request counts, too', async () => {
  const traffic = { router: { timeout: '2s' }, all: { timeout: '7s', deadline: { header: 'x-time-left-ms' } } };
  const whole = await httpWorld(SUBGRAPHS, { config: { traffic_shaping: traffic } });
  await ask(whole, '{ shop }');
  const left = Number(whole.seen.shop?.[0]?.['x-time-left-ms']);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(2_000);
});

test('deadline: the subgraph learns how much time it has, at most that of try, subgraph and client request', async () => {
  const whole = await world({ timeout: '7s', try_timeout: '3s', deadline: { header: 'x-time-left-ms' } });
  await ask(whole, '{ shop }');
  await ask(whole, 'mutation { buy }');
  const [query, mutation] = (whole.seen.shop ?? []).map((headers) => Number(headers['x-time-left-ms']));
  expect(query).toBeGreaterThan(0);
  expect(query).toBeLessThanOrEqual(3_000);
  expect(mutation).toBeGreaterThan(3_000);
  expect(mutation).toBeLessThanOrEqual(7_000);
});

test.each<[string, Record<string, unknown>]>([
  ['its circuit breaker opens', { circuit_breaker: { consecutive_failures: 2, reset_timeout: '1h' } }],
  ['it opens also with retries', { circuit_breaker: { consecutive_failures: 2, reset_timeout: '1h' }, retry: {} }],
])(
  'a subgraph that hangs for longer than the timeout of client requests: %s, and it fails in log and metrics',
  async (_, shop) => {
    const traffic = { router: { timeout: '100ms' }, all: { timeout: '30s' }, subgraphs: { shop } };
    const whole = await httpWorld(SUBGRAPHS, { config: { telemetry: METRICS, traffic_shaping: traffic } });
    whole.behave('shop', () => {});
    for (const query of different(2)) await ask(whole, query);
    const open = await vi.waitFor(async () => {
      const answer = await ask(whole, '{ shop }');
      expect(codes(answer)).toEqual(['SUBGRAPH_CIRCUIT_BREAKER_REJECTED']);
      return answer;
    });
    expect(open.data).toEqual({ shop: null });
    expect(whole.lines).toContainEqual(
      expect.objectContaining({ msg: 'subgraph failing', code: 'SUBREQUEST_TIMEOUT' }),
    );
    const errors = await metric(whole, 'headgate_subgraph_errors_total');
    expect(errors).toContainEqual(expect.stringContaining('code="SUBREQUEST_TIMEOUT"'));
  },
);

test('deadline: the fetch for a deferred part has its own time, since that of the client request begins again with each part', async () => {
  const traffic = { router: { timeout: '2s' }, all: { timeout: '7s', deadline: { header: 'x-time-left-ms' } } };
  const whole = await httpWorld(SUBGRAPHS, { config: { traffic_shaping: traffic } });
  const accept = 'multipart/mixed;deferSpec=20220824';
  const response = await post(whole.server.url, { query: '{ shop ... @defer { news } }' }, { accept });
  expect(await response.text()).toContain('"news":"fresh"');
  const left = Number(whole.seen.news?.[0]?.['x-time-left-ms']);
  expect(left).toBeGreaterThan(2_000);
});

test('data with the status 500 reaches the client without an error, and counts as a failure of the subgraph', async () => {
  const whole = await world({ circuit_breaker: { consecutive_failures: 2, reset_timeout: '1h' } });
  whole.behave('shop', (_, res) => void res.writeHead(500).end('{"data":{"shop":"open"}}'));
  for (let n = 0; n < 2; n++) expect(await ask(whole, '{ shop }')).toEqual({ data: { shop: 'open' } });
  expect(await metric(whole, 'headgate_subgraph_errors_total')).toEqual([
    expect.stringMatching(/code="SUBREQUEST_HTTP_ERROR"} 2$/),
  ]);
  expect(codes(await ask(whole, '{ shop }'))).toEqual(['SUBGRAPH_CIRCUIT_BREAKER_REJECTED']);
});
