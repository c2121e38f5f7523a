import { buildSchema, graphqlSync } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway, type GatewayConfig } from '../../../src/index.ts';
import { folderWith } from '../../composition/folder.ts';
import { httpWorld } from '../../gateway/http-world.ts';
import { post, recordingLogger } from '../../gateway/serving.ts';
import { stubApi } from '../../sources/rest/stub-api.ts';
import { startCollector } from './collector.ts';
import { shop, tracedWorld, tracing } from './traced-world.ts';

const NAME = '{ product { name } }';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${CALLER}-01`;
/** The clients of the tests are on this machine. */
const trusted_proxies = ['127.0.0.0/8'];

describe('the context of a request', () => {
  it('continues at the subgraph, with the try as the parent', async () => {
    const { url, collector, seen } = await tracedWorld();
    await post(url, { query: NAME }, { traceparent, tracestate: 'vendor=1' });
    const trace = await collector.trace();
    expect(trace.root).toMatchObject({ traceId: TRACE, parentId: CALLER });
    expect(seen.products?.[0]).toMatchObject({
      traceparent: `00-${TRACE}-${trace.one('POST').spanId}-01`,
      tracestate: 'vendor=1',
    });
  });

  it('is new where it is missing or not valid', async () => {
    const { url, collector } = await tracedWorld();
    const invalid = ['', 'x', `00-${'0'.repeat(32)}-${CALLER}-01`, `ff-${TRACE}-${CALLER}-01`, `${traceparent}-more`];
    for (const [index, value] of invalid.entries()) {
      await post(url, { query: NAME }, { traceparent: value });
      const { root } = await collector.trace(index + 1);
      expect(root.parentId).toBe('');
      expect(root.traceId).not.toBe(TRACE);
    }
  });

  it('may be B3 in one header, and is passed on as such', async () => {
    const propagation = { trace_context: false, zipkin: 'single' };
    const { url, collector, seen } = await tracedWorld({ propagation });
    await post(url, { query: NAME }, { b3: `${TRACE}-${CALLER}-1`, traceparent: `00-${'1'.repeat(32)}-${CALLER}-01` });
    const trace = await collector.trace();
    expect(trace.root).toMatchObject({ traceId: TRACE, parentId: CALLER });
    expect(seen.products?.[0]?.b3).toBe(`${TRACE}-${trace.one('POST').spanId}-1`);
    expect(seen.products?.[0]).not.toHaveProperty('traceparent');
  });

  it('may be B3 in several headers, and is passed on as such beside traceparent', async () => {
    const { url, collector, seen } = await tracedWorld({ propagation: { zipkin: true } });
    await post(url, { query: NAME }, { 'x-b3-traceid': TRACE.slice(16), 'x-b3-spanid': CALLER });
    const trace = await collector.trace();
    const traceId = `${'0'.repeat(16)}${TRACE.slice(16)}`;
    const { spanId } = trace.one('POST');
    expect(trace.root).toMatchObject({ traceId, parentId: CALLER });
    expect(seen.products?.[0]).toMatchObject({
      'x-b3-traceid': traceId,
      'x-b3-spanid': spanId,
      'x-b3-sampled': '1',
      traceparent: `00-${traceId}-${spanId}-01`,
    });
  });

  it.each([
    [{ b3: '0' }, '00'],
    [{ 'x-b3-sampled': '0' }, '00'],
    [{ b3: '1' }, '01'],
    [{ b3: 'nonsense' }, '01'],
  ])('may be a decision alone in B3, from a trusted proxy: %j', async (headers, flags) => {
    const { url, seen } = await tracedWorld({ propagation: { zipkin: true } }, { config: { trusted_proxies } });
    await post(url, { query: NAME }, { ...headers });
    expect(seen.products?.[0]?.traceparent).toMatch(new RegExp(`-${flags}$`));
    expect(seen.products?.[0]?.['x-b3-sampled']).toBe(flags.slice(1));
  });

  it.each([
    ['a=1,b@c=2', 'a=1,b@c=2'],
    [' a=1 ,, b=2', 'a=1 ,, b=2'],
    ['@@@ garbage==', undefined],
    ['a', undefined],
    [`a=${'x'.repeat(257)}`, undefined],
    [Array.from({ length: 33 }, (_, at) => `a${at}=1`).join(), undefined],
    [Array.from({ length: 20 }, (_, at) => `a${at}=${'x'.repeat(200)}`).join(), undefined],
  ])(
    'has a tracestate that passes only where it is valid and not too long, with traces or without: %s',
    async (tracestate, passed) => {
      for (const { server, seen } of [await tracedWorld(), await httpWorld(shop)]) {
        await post(server.url, { query: NAME }, { traceparent, tracestate });
        expect(seen.products?.[0]?.traceparent).toContain(TRACE);
        expect(seen.products?.[0]?.tracestate).toBe(passed);
      }
    },
  );

  it('may be an id in a header of its own', async () => {
    const { url, collector } = await tracedWorld({ propagation: { request: { header_name: 'x-request-id' } } });
    await post(url, { query: NAME }, { 'x-request-id': '0af76519-16cd-43dd-8448-eb211c80319c' });
    expect((await collector.trace()).root).toMatchObject({ traceId: TRACE, parentId: '' });
  });

  it('has no baggage, unless that is configured; then only requests with the same baggage share', async () => {
    const plain = await tracedWorld();
    await post(plain.url, { query: NAME }, { baggage: 'user=1' });
    expect(plain.seen.products?.[0]).not.toHaveProperty('baggage');
    const { url, seen, calls, behave } = await tracedWorld({ propagation: { baggage: true } });
    const waiting: (() => void)[] = [];
    behave('products', (_req, res) => {
      waiting.push(() => res.setHeader('content-type', 'application/json').end('{"data":{"product":null}}'));
      if (waiting.length === 2) for (const answer of waiting) answer();
    });
    await Promise.all(['user=1', 'user=2'].map((baggage) => post(url, { query: NAME }, { baggage })));
    expect(calls.products).toBe(2);
    expect(seen.products?.map(({ baggage }) => baggage).sort()).toEqual(['user=1', 'user=2']);
  });

  it('reaches no subgraph for which a rule removes it', async () => {
    const headers = { subgraphs: { stock: { request: [{ remove: { named: 'traceparent' } }] } } };
    const { url, seen } = await tracedWorld({}, { config: { headers } });
    await post(url, { query: '{ product { name inStock } }' }, { traceparent });
    expect(seen.products?.[0]).toHaveProperty('traceparent');
    expect(seen.stock?.[0]).not.toHaveProperty('traceparent');
  });

  it('passes unchanged where traces are off', async () => {
    const { server, seen, calls } = await httpWorld(shop);
    const requests = [1, 2, 3].map((id) => `00-${TRACE.slice(1)}${id}-${CALLER}-01`);
    for (const traceparent of requests) await post(server.url, { query: NAME }, { traceparent, tracestate: 'v=1' });
    expect(seen.products?.map(({ traceparent }) => traceparent)).toEqual(requests);
    expect(seen.products?.map(({ tracestate }) => tracestate)).toEqual(['v=1', 'v=1', 'v=1']);
    await post(server.url, { query: NAME });
    await post(server.url, { query: NAME }, { traceparent: 'nonsense', tracestate: 'v=1' });
    expect(calls.products).toBe(5);
    for (const headers of seen.products?.slice(3) ?? []) {
      expect(headers).not.toHaveProperty('traceparent');
      expect(headers).not.toHaveProperty('tracestate');
    }
  });

  it('does not separate requests that could share, with traces or without', async () => {
    for (const world of [await tracedWorld(), await httpWorld(shop)]) {
      const waiting: (() => void)[] = [];
      world.behave('products', (_req, res) => {
        waiting.push(() => res.setHeader('content-type', 'application/json').end('{"data":{"product":null}}'));
      });
      const requests = [1, 2, 3, 4].map((id) =>
        post(world.server.url, { query: NAME }, { traceparent: `00-${TRACE.slice(1)}${id}-${CALLER}-01` }),
      );
      await expect.poll(() => waiting.length).toBeGreaterThan(0);
      // answers each call, until there is a response for every request
      const answering = setInterval(() => {
        for (const answer of waiting.splice(0)) answer();
      }, 100);
      onTestFinished(() => clearInterval(answering));
      await Promise.all(requests);
      expect(world.calls.products).toBeLessThan(4);
    }
  });
});

describe("a client's decision to sample", () => {
  it('counts from trusted proxies alone', async () => {
    const never = { common: { sampler: 'always_off' } };
    const untrusted = await tracedWorld(never);
    await post(untrusted.url, { query: NAME }, { traceparent });
    // the trace goes on, without being recorded
    expect(untrusted.seen.products?.[0]?.traceparent).toMatch(new RegExp(`^00-${TRACE}-(?!${CALLER})[\\da-f]{16}-00$`));
    const trusted = await tracedWorld(never, { config: { trusted_proxies } });
    await post(trusted.url, { query: NAME }, { traceparent });
    expect((await trusted.collector.trace()).root.traceId).toBe(TRACE);
    await untrusted.server.close();
    expect(untrusted.collector.spans).toEqual([]);
  });

  it('is followed when it is no, by trusted proxies alone', async () => {
    const not = traceparent.replace(/01$/, '00');
    const { url, collector, seen, server } = await tracedWorld({}, { config: { trusted_proxies } });
    await post(url, { query: NAME }, { traceparent: not });
    expect(seen.products?.[0]?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-00$`));
    await server.close();
    expect(collector.spans).toEqual([]);
    const untrusted = await tracedWorld();
    await post(untrusted.url, { query: NAME }, { traceparent: not });
    expect((await untrusted.collector.trace()).root.traceId).toBe(TRACE);
  });

  it('does not count where the sampler is not parent-based', async () => {
    const common = { sampler: 'always_off', parent_based_sampler: false };
    const { url, collector, server } = await tracedWorld({ common }, { config: { trusted_proxies } });
    await post(url, { query: NAME }, { traceparent });
    await server.close();
    expect(collector.spans).toEqual([]);
  });
});

const UPSTREAM = buildSchema(`type Query { card(id: ID!): Card top: Card } type Card { id: ID! text: String }`);

/** A gateway before a REST API and a plain GraphQL service. */
async function mixedWorld(config: GatewayConfig) {
  const api = await stubApi(() => ({ id: 1, name: 'Ada' }));
  const service = await stubApi(({ body }) =>
    graphqlSync({
      schema: UPSTREAM,
      source: JSON.parse(body).query,
      variableValues: JSON.parse(body).variables,
      rootValue: { top: { id: '7', text: 'hello' } },
    }),
  );
  const schemas = await folderWith({
    'users.graphql': `
      extend schema @source(name: "api", http: {baseURL: "${api.url}/v1?key=secret-key"})
      type Query {
        user(id: ID!): User @connect(source: "api", http: {GET: "/users/{$args.id}?full=true"}, selection: "id name")
      }
      type User { id: ID! name: String }`,
    'cards.graphql': `extend schema @service(url: "${service.url}") type Query { card(id: ID!): Card @merge(keyField: "id") top: Card } type Card { id: ID! text: String }`,
  });
  const gateway = await createGateway({ schemas, config, logger: recordingLogger().logger });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0, lingerMs: 10 });
  return { url, api, service };
}

const MIXED = '{ user(id: "secret-id") { name } top { text } }';

describe('a REST API and a plain GraphQL service', () => {
  it('get the context of their tries, and have spans without values', async () => {
    const collector = await startCollector();
    const { url, api, service } = await mixedWorld({ telemetry: { exporters: { tracing: tracing(collector) } } });
    const response = await post(url, { query: MIXED }, { traceparent });
    expect(await response.json()).toEqual({ data: { user: { name: 'Ada' }, top: { text: 'hello' } } });
    const trace = await collector.trace();
    const call = trace.one('GET /users/{$args.id}');
    expect(call.parentId).toBe(trace.one('fetch users').spanId);
    expect(call.attributes).toMatchObject({
      'subgraph.name': 'users',
      'url.template': '/users/{$args.id}',
      'http.response.status_code': 200,
    });
    const [tried] = trace.children(call);
    expect(api.calls[0]?.headers.traceparent).toBe(`00-${TRACE}-${tried?.spanId}-01`);
    const [stitched] = trace.children(trace.one('fetch cards'));
    expect(service.calls[0]?.headers.traceparent).toBe(`00-${TRACE}-${stitched?.spanId}-01`);
    const sent = Buffer.concat(collector.bodies).toString('latin1');
    expect(sent).not.toContain('secret');
  });

  it('get what the client sent where traces are off', async () => {
    const { url, api, service } = await mixedWorld({});
    await post(url, { query: MIXED }, { traceparent, tracestate: 'v=1' });
    for (const { calls } of [api, service])
      expect(calls.map(({ headers }) => [headers.traceparent, headers.tracestate])).toEqual([[traceparent, 'v=1']]);
  });

  it('show a failure of an API in its span', async () => {
    const collector = await startCollector();
    const { url, api } = await mixedWorld({ telemetry: { exporters: { tracing: tracing(collector) } } });
    api.calls.length = 0;
    await post(url, { query: '{ user(id: "../x") { name } }' });
    expect((await collector.trace()).root.attributes['headgate.error_codes']).toEqual(['BAD_USER_INPUT']);
  });
});
