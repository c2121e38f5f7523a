import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { counted as countedIn } from './counted.ts';
import { type HttpWorld, httpWorld } from './http-world.ts';
import { latch, post } from './serving.ts';

const gates: Promise<unknown>[] = [];
const shop = {
  shop: {
    typeDefs:
      'type Query { hello: String  list: [Item]  slow: String }  type Item { name: String }  type Mutation { save: String }',
    resolvers: {
      Query: {
        hello: () => 'hi',
        list: () => [{ name: 'a' }, { name: 'b' }],
        slow: () => gates.at(-1)?.then(() => 'done') ?? 'done',
      },
      Mutation: { save: () => 'saved' },
    },
  },
};

const LISTEN = { enabled: true, listen: '127.0.0.1:0' };

const world = (
  config: Record<string, unknown> = {},
  labels: Record<string, unknown> = {},
  more: { bffDir?: string } = {},
) =>
  httpWorld(shop, {
    config: { telemetry: { metrics: labels, exporters: { metrics: { prometheus: LISTEN } } }, ...config },
    ...more,
  });

const counted = ({ server }: HttpWorld, name: string) => countedIn(server, name);

/** Waits for counts: a request is measured a moment after its client has the response. */
const expectCounts = (of: HttpWorld, name: string, counts: Record<string, unknown>) =>
  vi.waitFor(async () => expect(await counted(of, name)).toEqual(counts));

const ask = ({ server }: HttpWorld, query: string, headers: Record<string, string> = {}) =>
  post(server.url, { query }, headers);

describe('operations', () => {
  test('by name and type; without a name, without an operation, and in batches', async () => {
    const shopWorld = await world({ batching: { enabled: true } });
    await ask(shopWorld, 'query Front { hello }');
    await ask(shopWorld, 'query Front { hello }');
    await ask(shopWorld, 'mutation Keep { save }');
    await ask(shopWorld, '{ hello }');
    await ask(shopWorld, '{ nothing }');
    await ask(shopWorld, '{');
    await post(shopWorld.server.url, [{ query: 'query A { hello }' }, { query: 'query B { hello }' }]);
    await expectCounts(shopWorld, 'headgate_operation_requests_total', {
      'Front query ok': 2,
      'Keep mutation ok': 1,
      'anonymous query ok': 1,
      'unknown unknown errors': 2,
      'batch batch ok': 1,
    });
    const durations = await counted(shopWorld, 'headgate_operation_request_duration_seconds_count');
    expect(durations).toMatchObject({ 'Front query': 2, 'Keep mutation': 1 });
  });

  test('names beyond the bound count as other', async () => {
    const shopWorld = await world({}, { operation_names: { max: 2 } });
    for (const name of ['A', 'B', 'C', 'D', 'A']) await ask(shopWorld, `query ${name} { hello }`);
    await expectCounts(shopWorld, 'headgate_operation_requests_total', {
      'A query ok': 2,
      'B query ok': 1,
      'other query ok': 2,
    });
  });

  test('error codes of responses; one that a subgraph invents is other', async () => {
    const shopWorld = await world();
    await ask(shopWorld, '{ nothing }');
    shopWorld.behave('shop', (_req, res) => {
      res.setHeader('content-type', 'application/json');
      res.end('{"data":{"hello":null},"errors":[{"message":"x","extensions":{"code":"Evil_Code"}}]}');
    });
    await ask(shopWorld, '{ hello }');
    shopWorld.behave('shop', (_req, res) => res.writeHead(503).end());
    await ask(shopWorld, '{ hello }');
    await expectCounts(shopWorld, 'headgate_graphql_errors_total', {
      'graphql GRAPHQL_VALIDATION_FAILED': 1,
      'graphql other': 1,
      'graphql SUBREQUEST_HTTP_ERROR': 1,
    });
    expect(await counted(shopWorld, 'headgate_subgraph_requests_total')).toEqual({ 'shop 200': 1, 'shop 503': 1 });
  });

  test('how long planning takes, once for each operation', async () => {
    const shopWorld = await world();
    for (const query of ['{ hello }', '{ hello }', '{ list { name } }']) await ask(shopWorld, query);
    expect(await counted(shopWorld, 'headgate_operation_planning_seconds_count')).toEqual({ '': 2 });
  });

  test('costs, estimated and by the result', async () => {
    const demand_control = {
      enabled: true,
      actual_cost: true,
      strategy: { static_estimated: { max: 100, list_size: 20 } },
    };
    const shopWorld = await world({ demand_control });
    await ask(shopWorld, '{ list { name } }');
    expect(await counted(shopWorld, 'headgate_operation_cost_estimated_sum')).toEqual({ '': 20 });
    expect(await counted(shopWorld, 'headgate_operation_cost_actual_sum')).toEqual({ '': 2 });
  });
});

describe('who asks', () => {
  const named = (name: string, version: string) => ({
    'apollographql-client-name': name,
    'apollographql-client-version': version,
  });

  test('clients as they name themselves, with versions where they are switched on; both are bounded', async () => {
    const shopWorld = await world({}, { client_names: { max: 2 }, client_versions: { enabled: true, max: 1 } });
    await ask(shopWorld, '{ hello }', named('web', '1.0'));
    await ask(shopWorld, '{ hello }', named('web', '2.0'));
    await ask(shopWorld, '{ hello }', named('ios', '7.0'));
    await ask(shopWorld, '{ hello }', named('hammer', '1'));
    await ask(shopWorld, '{ nothing }');
    await fetch(new URL('/health', shopWorld.server.url), { headers: named('web', '1.0') });
    await expectCounts(shopWorld, 'headgate_client_requests_total', {
      'web 1.0 ok': 1,
      'web other ok': 1,
      'ios 7.0 ok': 1,
      'other 1 ok': 1,
      'none none errors': 1,
    });
    const durations = await counted(shopWorld, 'headgate_client_request_duration_seconds_count');
    expect(durations).toEqual({ web: 2, ios: 1, other: 1, none: 1 });
  });

  test('verified consumers, where they are switched on; never the subject of a token', async () => {
    const secret = 'a secret of thirty-two characters';
    const tokenOf = (claims: object) => {
      const [head, body] = [{ alg: 'HS256' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      );
      const signature = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
      return { authorization: `Bearer ${head}.${body}.${signature}` };
    };
    const exp = 4_000_000_000;
    const shopWorld = await world(
      { authentication: { router: { jwt: { jwks: [{ secret }] } } } },
      { consumers: { enabled: true, max: 5 } },
    );
    await ask(shopWorld, '{ hello }', tokenOf({ sub: 'ada', azp: 'partner', exp }));
    await ask(shopWorld, '{ hello }', tokenOf({ sub: 'ada', exp }));
    await ask(shopWorld, '{ hello }', { authorization: 'Bearer none' });
    await ask(shopWorld, '{ hello }', { 'apollographql-client-name': 'partner' });
    await expectCounts(shopWorld, 'headgate_consumer_requests_total', {
      'partner ok': 1,
      'unnamed ok': 1,
      'anonymous errors': 1,
      'anonymous ok': 1,
    });
    expect(await counted(shopWorld, 'headgate_authenticated_requests_total')).toEqual({ jwt: 2, none: 2 });
    expect(await (await fetch(shopWorld.server.metricsUrl ?? '')).text()).not.toContain('ada');
    const off = await world();
    expect(await counted(off, 'headgate_consumer_requests_total')).toEqual({});
  });

  test('endpoints, by status', async () => {
    const bffDir = folderOf({ 'web/hello.graphql': 'query Hello @endpoint(path: "/hello") { hello }' });
    const shopWorld = await world({}, {}, { bffDir });
    const get = () => fetch(new URL('/bff/web/hello', shopWorld.server.url));
    await get();
    shopWorld.behave('shop', (_req, res) => res.writeHead(500).end());
    const { status } = await get();
    await expectCounts(shopWorld, 'headgate_bff_requests_total', { 'web/hello 200': 1, [`web/hello ${status}`]: 1 });
    expect(await counted(shopWorld, 'headgate_bff_request_duration_seconds_count')).toEqual({ 'web/hello': 2 });
  });
});

describe('load', () => {
  test('requests in progress, shared requests and fetches, and bytes', async () => {
    const { promise, open } = latch();
    gates.push(promise);
    onTestFinished(() => void gates.pop());
    const shopWorld = await world();
    const slow = [ask(shopWorld, '{ slow }'), ask(shopWorld, '{ slow }'), ask(shopWorld, 'query Other { slow }')];
    await expectCounts(shopWorld, 'headgate_http_active_requests', { '': 3 });
    expect(await counted(shopWorld, 'headgate_shared_requests_total')).toEqual({ '': 1 });
    await expectCounts(shopWorld, 'headgate_subgraph_shared_requests_total', { shop: 1 });
    open();
    await Promise.all(slow);
    await expectCounts(shopWorld, 'headgate_http_active_requests', { '': 0 });
    expect(await counted(shopWorld, 'headgate_subgraph_requests_total')).toEqual({ 'shop 200': 1 });
  });

  test('bytes of a connection, each once', async () => {
    const shopWorld = await world();
    const { port } = shopWorld.server;
    const request = (body: string) =>
      `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const requests = ['{"query":"{ hello }"}', '{"query":"{ again: hello }"}'].map(request);
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    for (const [index, text] of requests.entries()) {
      socket.write(text);
      await vi.waitFor(() => expect(received.split('"hi"')).toHaveLength(index + 2));
    }
    await expectCounts(shopWorld, 'headgate_http_received_bytes_total', { graphql: requests.join('').length });
    expect(await counted(shopWorld, 'headgate_http_sent_bytes_total')).toEqual({ graphql: received.length });
  });

  test('circuits that open, and calls that wait', async () => {
    const all = {
      circuit_breaker: { volume_threshold: 2, error_threshold: '50%', window: '1m' },
      concurrency: { max: 1, queue: 5 },
      deduplicate_query: false,
    };
    const shopWorld = await world({ traffic_shaping: { router: { deduplicate_query: false }, all } });
    await Promise.all([ask(shopWorld, '{ hello }'), ask(shopWorld, '{ hello }'), ask(shopWorld, '{ hello }')]);
    expect(await counted(shopWorld, 'headgate_subgraph_queue_wait_seconds_count')).toEqual({ shop: 2 });
    shopWorld.behave('shop', (_req, res) => res.writeHead(500).end());
    for (let i = 0; i < 4; i++) await ask(shopWorld, '{ hello }');
    const transitions = await counted(shopWorld, 'headgate_subgraph_circuit_transitions_total');
    expect(Object.entries(transitions)).toEqual([[expect.stringMatching(/^shop http:\/\/\S+ open$/), 1]]);
  });
});

describe('exemplars', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const exemplarsOf = async ({ server }: HttpWorld) => {
    const response = await fetch(server.metricsUrl ?? '', { headers: { accept: 'application/openmetrics-text' } });
    expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const lines = (await response.text()).split('\n').filter((line) => line.includes(' # {'));
    return lines.map((line) => [line.slice(0, line.indexOf('_bucket')), /trace_id="(\w+)"/.exec(line)?.[1]]);
  };

  test('durations have the trace of a request that something records', async () => {
    const shopWorld = await world();
    await ask(shopWorld, 'query Front { hello }', { traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
    await vi.waitFor(async () =>
      expect(await exemplarsOf(shopWorld)).toEqual([
        ['headgate_http_request_duration_seconds', TRACE],
        ['headgate_operation_request_duration_seconds', TRACE],
        ['headgate_subgraph_request_duration_seconds', TRACE],
      ]),
    );
    expect((await fetch(shopWorld.server.metricsUrl ?? '')).headers.get('content-type')).toMatch(
      /^text\/plain; version=0\.0\.4/,
    );
  });

  test.each([
    ['is not sampled', `00-${TRACE}-b7ad6b7169203331-00`],
    ['is no traceparent', 'Evil'],
    ['has the id zero', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['has more in a label', `00-${TRACE}"} 1-b7ad6b7169203331-01`],
  ])('there is none for a request whose trace %s', async (_, traceparent) => {
    const shopWorld = await world();
    await ask(shopWorld, '{ hello }', { traceparent });
    await expectCounts(shopWorld, 'headgate_http_request_duration_seconds_count', { graphql: 1 });
    expect(await exemplarsOf(shopWorld)).toEqual([]);
  });
});
