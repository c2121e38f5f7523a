import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { folderOf } from '../../bff/support.ts';
import { latch, post } from '../../gateway/serving.ts';
import { KINDS } from './collector.ts';
import { tracedWorld } from './traced-world.ts';

/** Sends requests on one connection, without waiting for responses; resolves when all of them have come. */
async function pipelined(url: string, queries: readonly string[]): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  for (const query of queries) {
    const body = JSON.stringify({ query });
    const head = `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    socket.write(`${head}\r\n\r\n${body}`);
  }
  let received = '';
  for await (const chunk of socket) {
    received += String(chunk);
    if (received.split('HTTP/1.1 200').length > queries.length) return;
  }
}

const SHELF = 'query Shelf { product { name inStock } }';

describe('the spans of a request', () => {
  it('are its stages, its fetches, and their tries', async () => {
    const { url, collector, seen } = await tracedWorld();
    const headers = { 'apollographql-client-name': 'web', 'apollographql-client-version': '1.2' };
    const response = await post(url, { query: SHELF }, headers);
    expect(await response.json()).toEqual({ data: { product: { name: 'Lamp', inStock: 7 } } });
    const trace = await collector.trace();
    expect(trace.tree()).toMatchInlineSnapshot(`
      [
        "POST /graphql",
        "  parse",
        "  limits",
        "  validate",
        "  variables",
        "  normalize",
        "  plan",
        "  execute",
        "    fetch products",
        "      POST",
        "    fetch stock",
        "      POST",
      ]
    `);
    expect(trace.root.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'url.path': '/graphql',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Shelf',
      'client.name': 'web',
      'client.version': '1.2',
      'headgate.request_id': response.headers.get('x-request-id'),
    });
    expect(trace.root).toMatchObject({ kind: KINDS.server, parentId: '', status: { code: 0 } });
    const fetch = trace.one('fetch stock');
    expect(fetch).toMatchObject({
      kind: KINDS.internal,
      attributes: { 'subgraph.name': 'stock', 'graphql.operation.type': 'query', 'http.response.status_code': 200 },
    });
    const [sent] = trace.children(fetch);
    expect(sent).toMatchObject({
      kind: KINDS.client,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': expect.any(Number),
        'url.full': expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/),
        'subgraph.name': 'stock',
      },
    });
    // the subgraph's parent is the try
    expect(seen.stock?.[0]?.traceparent).toBe(`00-${trace.root.traceId}-${sent?.spanId}-01`);
    for (const span of trace.all) {
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.start).toBeGreaterThanOrEqual(trace.root.start);
      expect(span.resource).toMatchObject({ 'service.name': 'headgate', 'service.instance.id': expect.any(String) });
    }
  });

  it('are linked where requests share an execution, or a fetch', async () => {
    const world = await tracedWorld();
    const { open, promise } = latch();
    world.behave('products', async (_req, res) => {
      await promise;
      res.setHeader('content-type', 'application/json').end('{"data":{"product":null}}');
    });
    const first = post(world.url, { query: '{ product { name } }' });
    await expect.poll(() => world.calls.products).toBe(1);
    // the second request has the same text, the third one another text with the same fetch; the gateway begins them in this order
    const others = pipelined(world.url, ['{ product { name } }', '{ product { name }  }']);
    await expect.poll(() => world.collector.spans.filter(({ name }) => name === 'plan')).toHaveLength(2);
    open();
    await Promise.all([first, others]);
    expect(world.calls.products).toBe(1);
    await world.collector.trace(3);
    const roots = world.collector.spans.filter(({ kind }) => kind === KINDS.server);
    const linked = world.collector.spans.filter(({ links }) => links.length > 0);
    const fetches = world.collector.spans.filter(({ name }) => name === 'fetch products');
    const follower = linked.find(({ kind }) => kind === KINDS.server);
    const [leader] = roots.filter(({ spanId }) => spanId === follower?.links[0]?.spanId);
    expect(leader?.traceId).toBe(follower?.links[0]?.traceId);
    expect(leader?.traceId).not.toBe(follower?.traceId);
    const joined = linked.find(({ name }) => name === 'fetch products');
    expect(fetches.map(({ spanId }) => spanId)).toContain(joined?.links[0]?.spanId);
    expect(linked).toHaveLength(2);
    // the fetch that joined another has no try of its own
    expect(world.collector.spans.filter(({ name }) => name === 'POST')).toHaveLength(1);
  });

  it('have the code of what failed, and no messages', async () => {
    const { url, collector, behave } = await tracedWorld();
    behave('stock', (_req, res) => res.writeHead(503).end('secret text of the subgraph'));
    await post(url, { query: SHELF });
    const trace = await collector.trace();
    const failed = { code: 2, message: 'HTTP status 503 without a GraphQL result' };
    const attributes = { 'error.type': 'SUBREQUEST_HTTP_ERROR', 'http.response.status_code': 503 };
    expect(trace.one('fetch stock')).toMatchObject({ status: failed, attributes });
    expect(trace.children(trace.one('fetch stock'))).toEqual([expect.objectContaining({ status: failed })]);
    expect(trace.one('fetch products').status.code).toBe(0);
    expect(trace.root).toMatchObject({
      status: { code: 2, message: '' },
      attributes: { 'headgate.error_codes': ['SUBREQUEST_HTTP_ERROR'], 'error.type': 'SUBREQUEST_HTTP_ERROR' },
    });
  });

  it('have the code of a mistake of the client, which is no failure', async () => {
    const { url, collector } = await tracedWorld();
    await post(url, { query: '{ wrong }' });
    const { root, named } = await collector.trace();
    expect(root).toMatchObject({
      status: { code: 0 },
      attributes: { 'headgate.error_codes': ['GRAPHQL_VALIDATION_FAILED'] },
    });
    expect(named('execute')).toEqual([]);
  });

  it('have the refusals of the circuit breaker, of queues and of rate limits', async () => {
    const breaker = { error_threshold: '50%', volume_threshold: 1, window: '10s', reset_timeout: '60s' };
    const { url, collector, behave } = await tracedWorld(
      {},
      {
        config: {
          traffic_shaping: { all: { circuit_breaker: breaker } },
          rate_limits: { subgraphs: { stock: [{ limit: 1, window: '1h' }] } },
        },
      },
    );
    const productsOnly = { query: '{ product { name } }' };
    await post(url, { query: SHELF });
    await post(url, { query: SHELF });
    expect((await collector.trace(2)).one('fetch stock').attributes['error.type']).toBe('RATE_LIMITED');
    behave('products', (_req, res) => res.writeHead(500).end());
    for (let i = 0; i < 4; i++) await post(url, productsOnly);
    const trace = await collector.trace(6);
    const code = 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED';
    for (const span of [trace.one('fetch products'), trace.one('POST')])
      expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': code } });
  });

  it('are siblings for the tries of a fetch, with their number', async () => {
    const { url, collector, behave, seen } = await tracedWorld(
      {},
      {
        config: {
          traffic_shaping: { all: { retry: { max_attempts: 3, on: ['5xx'], backoff: { base: '1ms', max: '2ms' } } } },
        },
      },
    );
    let calls = 0;
    behave('products', (_req, res) => {
      if (++calls < 3) res.writeHead(503).end();
      else res.setHeader('content-type', 'application/json').end('{"data":{"product":null}}');
    });
    await post(url, { query: '{ product { name } }' });
    const trace = await collector.trace();
    const tries = trace.children(trace.one('fetch products'));
    expect(
      tries.map(({ attributes }) => [attributes['http.response.status_code'], attributes['http.request.resend_count']]),
    ).toEqual([
      [503, undefined],
      [503, 1],
      [200, 2],
    ]);
    expect(trace.one('fetch products').status.code).toBe(0);
    const parents = seen.products?.map(({ traceparent }) => String(traceparent).split('-')[2]);
    expect(parents).toEqual(tries.map(({ spanId }) => spanId));
  });

  it('say which try is a hedge, and which one nobody needed', async () => {
    const { url, collector, behave } = await tracedWorld(
      {},
      { config: { traffic_shaping: { all: { hedge: { after: '5ms', max_share: '100%' } } } } },
    );
    const first = latch();
    let calls = 0;
    behave('products', async (_req, res) => {
      if (++calls === 1) await first.promise;
      res.setHeader('content-type', 'application/json').end('{"data":{"product":null}}');
    });
    await post(url, { query: '{ product { name } }' });
    await expect.poll(() => collector.spans.filter(({ name }) => name === 'POST')).toHaveLength(2);
    first.open();
    const trace = await collector.trace();
    const [slow, hedge] = trace.children(trace.one('fetch products'));
    expect(slow?.attributes).toMatchObject({ 'headgate.cancelled': true });
    expect(slow?.status.code).toBe(0);
    expect(hedge?.attributes).toMatchObject({ 'headgate.hedge': true, 'http.response.status_code': 200 });
  });

  it('are those of each operation of a batch', async () => {
    const { url, collector } = await tracedWorld({}, { config: { batching: { enabled: true } } });
    await post(
      url,
      JSON.stringify([{ query: 'query A { product { name } }' }, { query: 'query B { product { inStock } }' }]),
    );
    const trace = await collector.trace();
    const operations = trace.named('operation');
    expect(operations.map(({ attributes }) => attributes)).toEqual([
      { 'graphql.operation.type': 'query', 'graphql.operation.name': 'A' },
      { 'graphql.operation.type': 'query', 'graphql.operation.name': 'B' },
    ]);
    const [, second] = operations;
    const execute = second && trace.children(second).find(({ name }) => name === 'execute');
    const fetches = execute && trace.children(execute).map(({ name }) => name);
    expect(fetches).toContain('fetch stock');
    expect(trace.children(trace.root).map(({ name }) => name)).toEqual(['operation', 'operation']);
  });

  it('are named after the endpoint, and have no values of its path', async () => {
    const endpoint = 'query Shelf($id: ID!) @endpoint(path: "/products/:id") { product(id: $id) { name } }';
    const { origin, collector } = await tracedWorld({}, { bffDir: folderOf({ 'web/shelf.graphql': endpoint }) });
    expect((await fetch(`${origin}/bff/web/products/secret-id`)).status).toBe(200);
    const { root, one, all } = await collector.trace();
    expect(root).toMatchObject({
      name: 'GET /bff/web/products/:id',
      attributes: {
        'http.route': '/bff/web/products/:id',
        'headgate.endpoint': 'web/shelf',
        'graphql.operation.name': 'Shelf',
      },
    });
    expect(root.attributes).not.toHaveProperty('url.path');
    expect(one('fetch products').parentId).toBe(one('execute').spanId);
    expect(all.some(({ name }) => name.includes('secret-id'))).toBe(false);
  });

  it('have the document where that is configured, without its values', async () => {
    const { url, collector } = await tracedWorld({ common: { graphql_document: true } });
    await post(url, { query: 'query Q { product(id: "secret", token: """block""") { name } }' });
    const { root } = await collector.trace();
    expect(root.attributes['graphql.document']).toBe('query Q {\n  product(id: "", token: "") {\n    name\n  }\n}');
  });

  it('have no more attributes and links than configured', async () => {
    const { url, collector } = await tracedWorld({ common: { max_attributes_per_span: 2 } });
    await post(url, { query: SHELF });
    const { root } = await collector.trace();
    expect(Object.keys(root.attributes)).toHaveLength(2);
    expect(root.droppedAttributes).toBeGreaterThan(3);
  });

  it('are not made for health checks', async () => {
    const { url, origin, collector } = await tracedWorld();
    await fetch(`${origin}/health`);
    await fetch(`${origin}/ready`);
    await post(url, { query: SHELF });
    expect((await collector.trace()).root.name).toBe('POST /graphql');
  });
});
