import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it, test } from 'vitest';
import { signDebugToken } from '../../src/policy/debug/debug-token.ts';
import type { DebugJson } from '../../src/shared/debug-trace.ts';
import { fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { httpWorld } from './http-world.ts';
import { latch, post } from './serving.ts';

const SECRET = 'a secret of thirty-two characters';
const TRACE = { 'x-headgate-debug': 'trace' };

const byId = { __resolveReference: (reference: object) => reference };
const shop = {
  products: {
    typeDefs: `
      type Query { product: Product  hidden: String @authenticated @requiresScopes(scopes: [["read", "all"], ["admin"]]) }
      type Mutation { rename: Product }
      type Product @key(fields: "id") { id: ID! name: String cost: Int @authenticated }
    `,
    resolvers: {
      Query: { product: () => ({ id: 'p1', name: 'Lamp', cost: 7 }) },
      Mutation: { rename: () => ({ id: 'p1', name: 'Lantern' }) },
    },
  },
  stock: {
    typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int! }',
    resolvers: { Product: { ...byId, inStock: () => 7 } },
  },
};

const QUERY = 'query Shelf { product { name inStock } }';

type Options = Parameters<typeof httpWorld>[1];

/** The shop with its gateway, in `dev`. */
const inDev = (options: Options = {}) => httpWorld(shop, { dev: true, ...options });

/** The shop with its gateway, with a secret for debug tokens. */
const inProduction = (config: Record<string, unknown> = { debug: { token_secret: SECRET } }) =>
  httpWorld(shop, { config });

const unavailable: Parameters<Awaited<ReturnType<typeof httpWorld>>['behave']>[1] = (_, res) =>
  void res.writeHead(503).end();

describe('in dev', () => {
  it('a response has the plan, the fetches, the phases, and the causes of its nulls', async () => {
    const { server, behave } = await inDev();
    behave('stock', unavailable);
    const response = await post(server.url, { query: QUERY }, TRACE);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { data, errors, extensions } = await response.json();
    expect(data).toEqual({ product: null });
    expect(errors).toHaveLength(1);
    const { headgate } = extensions;
    expect(headgate).toMatchObject({
      requestId: response.headers.get('x-request-id'),
      operation: { name: 'Shelf', type: 'query' },
      isPlanCached: false,
      phases: { parse: expect.any(Number), plan: expect.any(Number), execute: expect.any(Number) },
      plan: {
        operation: { kind: 'query', name: 'Shelf' },
        requests: [{ subgraph: 'products' }, { subgraph: 'stock' }],
      },
      fetches: [
        { fetch: 0, subgraph: 'products', status: 200, bytes: expect.any(Number), tries: [{ status: 200 }] },
        { fetch: 1, subgraph: 'stock', status: 503, error: 'SUBREQUEST_HTTP_ERROR', representations: 1 },
      ],
    });
    expect(headgate.fetches[1].tries).toEqual([
      {
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/),
        startMs: expect.any(Number),
        durationMs: expect.any(Number),
        status: 503,
        error: 'SUBREQUEST_HTTP_ERROR',
        reason: 'HTTP status 503 without a GraphQL result',
      },
    ]);
    expect(headgate.nulls).toMatchObject([
      {
        path: ['product'],
        causes: [
          { kind: 'nonNull', field: 'Product.inStock', type: 'Int!', from: ['product', 'inStock'], to: ['product'] },
          { kind: 'fetchFailed', subgraph: 'stock', fetch: 1, status: 503 },
        ],
      },
    ]);
  });

  it('the same by GET, and each operation of a batch has its own', async () => {
    const { server } = await inDev({ config: { batching: { enabled: true, mode: 'batch_http_link' } } });
    const got = await fetch(`${server.url}?query=${encodeURIComponent(QUERY)}`, {
      headers: { ...TRACE, 'x-csrf': '1', 'apollo-require-preflight': '1' },
    });
    expect((await got.json()).extensions.headgate.fetches).toHaveLength(2);
    const batch = [{ query: QUERY }, { query: 'query Name { product { name } }' }];
    const answers = await (await post(server.url, JSON.stringify(batch), TRACE)).json();
    expect(answers.map((one: Traced) => one.extensions.headgate.operation?.name)).toEqual(['Shelf', 'Name']);
    expect(answers.map((one: Traced) => one.extensions.headgate.fetches.length)).toEqual([2, 1]);
  });

  it('a refused document, and a request that takes too long, have one, too', async () => {
    const { server, behave } = await inDev({ config: { traffic_shaping: { router: { timeout: '100ms' } } } });
    const refused = await (await post(server.url, { query: '{ nothing }' }, TRACE)).json();
    expect(refused.extensions.headgate).toMatchObject({ fetches: [], nulls: [] });
    behave('stock', (req) => void req.resume());
    const late = await post(server.url, { query: QUERY }, TRACE);
    const { errors, extensions } = await late.json();
    expect([late.status, errors[0].extensions.code]).toEqual([504, 'GATEWAY_TIMEOUT']);
    expect(extensions.headgate.fetches.map(({ subgraph, status }: FetchOf) => [subgraph, status])).toEqual([
      ['products', 200],
      ['stock', undefined],
    ]);
  });

  it('a field that a policy dropped names the policy decision', async () => {
    const { server } = await inDev();
    const { extensions } = await (await post(server.url, { query: '{ product { name cost } hidden }' }, TRACE)).json();
    const { nulls, policies } = extensions.headgate;
    const code = 'UNAUTHORIZED_FIELD_OR_TYPE';
    expect(policies).toMatchObject([
      { decision: 'dropped', code, path: ['product', 'cost'], requirement: '@authenticated' },
      {
        ...{ decision: 'dropped', code, path: ['hidden'] },
        requirement: '@authenticated; @requiresScopes: admin, or all and read',
      },
    ]);
    expect(nulls).toMatchObject([
      { path: ['product', 'cost'], causes: [{ kind: 'policy', field: 'Product.cost', code }] },
      { path: ['hidden'], causes: [{ kind: 'policy', field: 'Query.hidden', code }] },
    ]);
  });

  it('a mutation has one', async () => {
    const { server } = await inDev();
    const { extensions } = await (await post(server.url, { query: 'mutation { rename { name } }' }, TRACE)).json();
    expect(extensions.headgate.fetches).toMatchObject([{ operationType: 'mutation', status: 200 }]);
  });

  it('another value than "trace" is refused', async () => {
    const { server } = await inDev();
    const response = await post(server.url, { query: QUERY }, { 'x-headgate-debug': 'all' });
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('can be switched off', async () => {
    const { server } = await inDev({ config: { debug: { enabled: false } } });
    const response = await post(server.url, { query: QUERY }, TRACE);
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([403, 'DEBUG_NOT_ALLOWED']);
  });
});

interface Traced {
  readonly extensions: { readonly headgate: { readonly operation?: { name: string }; readonly fetches: unknown[] } };
}

interface FetchOf {
  readonly subgraph: string;
  readonly status?: number;
}

describe('the tries of a fetch', () => {
  const retry = { max_attempts: 3, on: ['5xx'], backoff: { base: '1ms', max: '1ms' }, budget: { min_per_second: 100 } };

  it('say why each was sent', async () => {
    const { server, behave, calls } = await inDev({
      config: { traffic_shaping: { all: { timeout: '5s' }, subgraphs: { stock: { retry } } } },
    });
    behave('stock', (req, res) => {
      req.resume();
      if ((calls.stock ?? 0) === 1) res.writeHead(503).end();
      else res.end('{"data":{"_entities":[{"inStock":7}]}}');
    });
    const { data, extensions } = await (await post(server.url, { query: QUERY }, TRACE)).json();
    expect(data.product.inStock).toBe(7);
    expect(extensions.headgate.fetches[1].tries).toMatchObject([
      { status: 503, reason: 'HTTP status 503 without a GraphQL result' },
      { status: 200, because: 'retry: 5xx' },
    ]);
  });

  it('say that a second request was sent beside the first', async () => {
    const hedge = { after: '10ms', max_share: '100%' };
    const { server, behave, calls } = await inDev({ config: { traffic_shaping: { subgraphs: { stock: { hedge } } } } });
    behave('stock', (req, res) => {
      req.resume();
      // the first request stays without a response
      if ((calls.stock ?? 0) > 1) res.end('{"data":{"_entities":[{"inStock":7}]}}');
    });
    const { extensions } = await (await post(server.url, { query: QUERY }, TRACE)).json();
    const { tries } = extensions.headgate.fetches[1];
    expect(tries).toMatchObject([{}, { status: 200, because: 'hedge: the first request took longer than most' }]);
    expect(tries[0]).not.toHaveProperty('status');
  });

  it('say that the circuit breaker refused it', async () => {
    const circuit_breaker = { error_threshold: '1%', volume_threshold: 1, window: '1m', reset_timeout: '1m' };
    const { server, behave } = await inDev({
      config: { traffic_shaping: { subgraphs: { stock: { circuit_breaker } } } },
    });
    behave('stock', unavailable);
    await post(server.url, { query: QUERY });
    const { extensions } = await (await post(server.url, { query: QUERY }, TRACE)).json();
    const { fetches, nulls } = extensions.headgate;
    expect(fetches[1]).toMatchObject({ tries: [], events: ['not sent: the circuit breaker is open'] });
    expect(nulls[0].causes.at(-1)).toMatchObject({ code: 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED', fetch: 1 });
  });
});

describe('in production', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  const key = (secret: string) => Buffer.from(secret);
  const sign = (seconds: number, secret = SECRET, audience = 'headgate-debug') =>
    new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(audience)
      .setExpirationTime(now() + seconds)
      .sign(key(secret));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = () => part({ aud: 'headgate-debug', exp: now() + 60 });

  const refused: [what: string, token: () => string | Promise<string>, reason: string][] = [
    ['that has expired', () => sign(-1), 'it has expired'],
    ['that expires in an hour and a second', () => sign(3_602), 'expected at most 3600'],
    ['with another signature', () => sign(60, 'another secret of thirty-two chars'), 'its signature is wrong'],
    ['for another purpose', () => sign(60, SECRET, 'shop'), 'its claim "aud" is missing or wrong'],
    ['without a signature', () => `${part({ alg: 'none' })}.${claims()}.`, 'HS256'],
    [
      'with another algorithm',
      () => {
        const head = `${part({ alg: 'HS512' })}.${claims()}`;
        return `${head}.${createHmac('sha512', SECRET).update(head).digest('base64url')}`;
      },
      'its algorithm is not HS256',
    ],
    ['that is none', () => 'trace', 'it is not a signed JWT'],
    [
      'that never expires',
      () => new SignJWT({ aud: 'headgate-debug' }).setProtectedHeader({ alg: 'HS256' }).sign(key(SECRET)),
      'its claim "exp" is missing or wrong',
    ],
  ];

  it.each(refused)('a token %s is refused', async (_, token, reason) => {
    const { server, calls } = await inProduction();
    const response = await post(server.url, { query: QUERY }, { ...TRACE, 'x-headgate-debug-token': await token() });
    const body = await response.json();
    expect([response.status, body.errors[0].extensions.code]).toEqual([403, 'DEBUG_TOKEN_INVALID']);
    expect(body.errors[0].message).toContain(reason);
    expect(body).not.toHaveProperty('extensions');
    expect(calls.products).toBe(0);
  });

  it('a request without a token is refused, and without the header nothing is different', async () => {
    const { server } = await inProduction();
    const response = await post(server.url, { query: QUERY }, TRACE);
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([403, 'DEBUG_TOKEN_REQUIRED']);
    const token = await signDebugToken(SECRET, 3_600);
    const plain = await post(server.url, { query: QUERY }, { 'x-headgate-debug-token': token });
    expect(await plain.json()).toEqual({ data: { product: { name: 'Lamp', inStock: 7 } } });
    expect(plain.headers.get('cache-control')).toBe(null);
  });

  it('a request is refused where no secret is set', async () => {
    const { server } = await inProduction({});
    const token = await signDebugToken(SECRET, 60);
    const response = await post(server.url, { query: QUERY }, { ...TRACE, 'x-headgate-debug-token': token });
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([403, 'DEBUG_NOT_ALLOWED']);
  });

  it('a signed token allows a trace, and goes to no subgraph and no log', async () => {
    const { server, seen, lines } = await httpWorld(shop, {
      config: {
        debug: { token_secret: SECRET },
        headers: { all: { request: [{ propagate: { matching: '.*' } }] } },
        telemetry: { access_log: { fields: ['requestId'], request_headers: ['x-headgate-debug-token', 'x-other'] } },
      },
    });
    const token = await signDebugToken(SECRET, 3_600);
    const headers = { ...TRACE, 'x-headgate-debug-token': token, 'x-other': 'seen' };
    const response = await post(server.url, { query: QUERY }, headers);
    expect((await response.json()).extensions.headgate.fetches).toHaveLength(2);
    const sent = [...(seen.products ?? []), ...(seen.stock ?? [])];
    expect(sent.map((one) => one['x-other'])).toEqual(['seen', 'seen']);
    expect(JSON.stringify(sent)).not.toContain('x-headgate');
    await expect.poll(() => JSON.stringify(lines)).toContain('x-other');
    expect(JSON.stringify(lines)).not.toContain(token);
  });
});

test('a request with a trace shares no execution with others, whichever comes first', async () => {
  const { server, behave, calls } = await inDev();
  const gate = latch();
  behave('products', async (req, res) => {
    req.resume();
    await gate.promise;
    res.end('{"data":{"product":{"id":"p1","__typename":"Product","name":"Lamp"}}}');
  });
  const ask = async (headers: Record<string, string>) =>
    (await post(server.url, { query: '{ product { name } }' }, headers)).json();
  const pending = [ask({}), ask(TRACE), ask({})];
  await expect.poll(() => calls.products).toBeGreaterThan(0);
  gate.open();
  const [one, traced, other] = await Promise.all(pending);
  expect(one).toEqual({ data: { product: { name: 'Lamp' } } });
  expect(other).toEqual(one);
  expect(traced.extensions.headgate.operation).toBeDefined();
});

test('credentials and query parameters of a URL are not in the trace', async () => {
  const { server, calls } = await inDev();
  const url = new URL(
    (await (await post(server.url, { query: QUERY }, TRACE)).json()).extensions.headgate.fetches[0].tries[0].url,
  );
  expect(calls.products).toBe(1);
  url.username = 'admin';
  url.password = 'letmein';
  url.search = '?key=hush&v=1';
  const secret = await inDev({ config: { subgraphs: { products: { url: url.href } } } });
  const body = await (await post(secret.server.url, { query: '{ product { name } }' }, TRACE)).text();
  expect(JSON.parse(body).extensions.headgate.fetches[0].tries[0].url).toBe(`${url.origin}/graphql?key=…&v=…`);
  expect(body).not.toMatch(/letmein|hush|admin/);
});

test('a field without its scope, or over its rate, leads to the policy', async () => {
  const { url } = await fakeSubgraph((req, res) => {
    req.resume();
    res.end('{"data":{"hits":1,"rest":"there"}}');
  });
  const gateway = await gatewayOver(
    {
      shop: `extend schema @subgraph(url: "${url}")
        extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@requiresScopes"])
        type Query {
          rest: String
          hits: Int @rateLimit(limit: 1, window: "1d")
          cost: Int! @requiresScopes(scopes: [["cost"]])
        }`,
    },
    { debug: { token_secret: SECRET } },
  );
  const headers = { ...TRACE, 'x-headgate-debug-token': await signDebugToken(SECRET, 60) };
  const chains = async (query: string) => {
    const answer = await gateway.ask(query, { headers });
    const { nulls } = (answer as Traced).extensions.headgate as unknown as DebugJson;
    return nulls.map(({ path, causes }) => [
      path.join('.'),
      ...causes.map((cause) => ('code' in cause ? cause.code : cause.kind)),
    ]);
  };
  expect(await chains('{ hits rest }')).toEqual([]);
  expect(await chains('{ hits rest }')).toEqual([['hits', 'RATE_LIMITED']]);
  // it may not be null, so nothing is left
  expect(await chains('{ rest cost }')).toEqual([['', 'nonNull', 'UNAUTHORIZED_FIELD_OR_TYPE']]);
});

test('a REST API has its calls, a plain GraphQL service its requests, and their errors are the causes', async () => {
  const things = await stubSubgraph('type Query { things: [Thing] } type Thing @key(fields: "id") { id: ID! }', {
    resolvers: { Query: { things: () => [{ id: '1' }] } },
    entities: { Thing: (key: object) => key },
  });
  const { url } = await fakeSubgraph((req, res) => {
    req.resume();
    if (req.url?.startsWith('/svc')) res.end('{"data":{"thingsByIds":[null]},"errors":[{"message":"no title"}]}');
    else res.writeHead(404).end();
  });
  const origin = new URL(url).origin;
  const gateway = await gatewayOver(
    {
      things: things.file,
      svc: `extend schema @service(url: "${origin}/svc")
        type Query { thingsByIds(ids: [ID!]!): [Thing]! @merge(keyField: "id") }
        type Thing { id: ID! title: String }`,
      api: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.11")
        extend schema @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
        extend schema @source(name: "api", http: {baseURL: "${origin}"})
        type Query {
          api(key: String): String
            @connect(source: "api", http: {GET: "/items?key={$args.key}"}, selection: "$.value")
        }`,
    },
    { debug: { token_secret: SECRET } },
  );
  const headers = { ...TRACE, 'x-headgate-debug-token': await signDebugToken(SECRET, 60) };
  const answer = await gateway.ask('{ things { title } api(key: "hush") }', { headers });
  const { fetches, nulls } = (answer as Traced).extensions.headgate as unknown as DebugJson;
  const bySubgraph = Object.fromEntries(fetches.map((fetch) => [fetch.subgraph, fetch]));
  expect(bySubgraph.api?.tries).toMatchObject([{ method: 'GET', url: `${origin}/items?key=…`, status: 404 }]);
  expect(bySubgraph.svc?.tries).toMatchObject([{ url: `${origin}/svc`, status: 200 }]);
  expect(nulls.map(({ path, causes }) => [path.join('.'), causes.at(-1)])).toMatchObject([
    ['things.0.title', { kind: 'subgraphError', subgraph: 'svc', message: 'no title' }],
    ['api', { kind: 'subgraphError', subgraph: 'api', code: 'SUBREQUEST_HTTP_ERROR' }],
  ]);
});
