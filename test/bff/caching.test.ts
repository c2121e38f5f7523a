import { describe, expect, test } from 'vitest';
import type { BffOptions } from '../../src/bff/bff.ts';
import { NOTHING, reads, withReads } from '../../src/client/depends-on.ts';
import { SingleResult } from '../../src/pipeline/execution-result.ts';
import { as, engineOver, type FakeEngine, folderOf, serveBff, sourceError, write } from './support.ts';

const SDL = `
  type Query { product(id: ID!): Product, me: User, news: [String!] }
  type Product { id: ID!, name: String!, price: Int, related: [Product!] }
  type User { id: ID!, name: String! }
`;

/** A shop whose product tells how often it was read. */
function shop() {
  let reads = 0;
  const product = ({ id }: { id: string }) => ({ id, name: `Read ${++reads}`, related: [{ id: 'p9', name: 'Other' }] });
  return { product, news: () => [`Read ${++reads}`] };
}

async function serve(text: string, options: Partial<BffOptions> & { root?: object } = {}) {
  const clock = { now: 1_000_000 };
  const engine = engineOver(SDL, options.root ?? shop());
  const dir = folderOf({ 'web/it.graphql': text });
  const served = await serveBff({ dir, engine: () => engine, now: () => clock.now, ...options });
  return { ...served, engine, clock, later: (ms: number) => (clock.now += ms) };
}

const PRODUCT = `query ($id: ID!) @endpoint(path: "/products/:id", cache: {maxAge: "60s", staleWhileRevalidate: "30s", staleIfError: "1h"}) {
  product(id: $id) { name }
}`;

test('an answer is kept as long as the endpoint says', async () => {
  const { call, engine, later } = await serve(PRODUCT);
  const first = await call('/bff/web/products/p1');
  expect(first.headers.get('cache-control')).toBe('public, max-age=60, stale-while-revalidate=30, stale-if-error=3600');
  expect(first.headers.get('cache-status')).toBe('headgate; fwd=uri-miss');
  later(30_000);
  const second = await call('/bff/web/products/p1');
  expect(second.text).toBe(first.text);
  expect(second.headers.get('age')).toBe('30');
  expect(second.headers.get('cache-status')).toBe('headgate; hit');
  expect(engine.requests).toHaveLength(1);
});

test('other parameters are another answer', async () => {
  const { call, engine } = await serve(PRODUCT);
  await call('/bff/web/products/p1');
  await call('/bff/web/products/p2');
  expect(engine.requests).toHaveLength(2);
});

test('the same text is read once; what comes to the same has the same answer, and mistakes stay mistakes', async () => {
  const { call, engine } = await serve(`query ($id: ID!, $x: Boolean = false @from(query: "n"))
  @endpoint(path: "/:id", cache: {maxAge: 60, vary: ["X-App"]}) {
    product(id: $id) { id }
    news @include(if: $x)
  }`);
  const bodies = new Set<string>();
  for (const path of ['p%31', 'p1', 'p1?n=true', 'p%31', 'p1', 'p1?n=true'])
    bodies.add((await call(`/bff/web/${path}`)).text);
  expect(bodies.size).toBe(2);
  expect(engine.requests).toHaveLength(2);
  for (const app of ['a', 'b', 'a']) await call('/bff/web/p1', { headers: { 'x-app': app } });
  expect(engine.requests).toHaveLength(4);
  for (const _ of [1, 2]) expect((await call('/bff/web/p1?n=2')).status).toBe(400);
  // who says who they are has an answer of their own, though the text was read before
  await call('/bff/web/p1', { headers: as({ sub: 'u1' }) });
  expect(engine.requests).toHaveLength(5);
});

test('nobody waits for an execution that has used up half of its time, whose timeout would come too early', async () => {
  let resolve: (product: object) => void = () => {};
  const product = new Promise((done) => (resolve = done));
  const { call, engine } = await serve(PRODUCT, { root: { product: () => product }, timeoutMs: 400 });
  const first = call('/bff/web/products/p1');
  await expect.poll(() => engine.requests.length).toBe(1);
  const halfUsed = performance.now() + 201;
  await expect.poll(() => performance.now() > halfUsed).toBe(true);
  const second = call('/bff/web/products/p1');
  await expect.poll(() => engine.requests.length).toBe(2);
  resolve({ name: 'Lamp' });
  await Promise.all([first, second]);
});

test('a stale answer is served while another one is fetched', async () => {
  const { call, engine, later } = await serve(PRODUCT);
  await call('/bff/web/products/p1');
  later(70_000);
  const stale = await call('/bff/web/products/p1');
  expect(stale.json).toEqual({ product: { name: 'Read 1' } });
  expect(stale.headers.get('cache-status')).toBe('headgate; hit; detail=revalidating');
  expect(engine.requests).toHaveLength(2);
  await expect.poll(async () => (await call('/bff/web/products/p1')).json.product.name).toBe('Read 2');
  expect(engine.requests).toHaveLength(2);
});

test('a stale answer is served where a new one cannot be had', async () => {
  const root = { ...shop() };
  const { call, later } = await serve(PRODUCT, { root });
  await call('/bff/web/products/p1');
  later(600_000);
  root.product = () => {
    throw sourceError('SUBREQUEST_HTTP_ERROR');
  };
  const response = await call('/bff/web/products/p1');
  expect(response.json).toEqual({ product: { name: 'Read 1' } });
  expect(response.headers.get('cache-status')).toBe('headgate; hit; detail=stale-if-error');
  later(3_600_000);
  expect((await call('/bff/web/products/p1')).status).toBe(502);
});

test('a stale answer is not served any more after it was known that there is none', async () => {
  const root: Record<string, unknown> = { ...shop() };
  const { call, later } = await serve(PRODUCT, { root });
  const served = () => call('/bff/web/products/p1').then(({ status, json }) => json.product?.name ?? status);
  expect(await served()).toBe('Read 1');
  later(70_000);
  root.product = () => null;
  expect(await served()).toBe('Read 1');
  await expect.poll(served).toBe(404);
  root.product = () => {
    throw sourceError('SUBREQUEST_HTTP_ERROR');
  };
  expect(await served()).toBe(502);
});

test('what fails, is missing or is not whole is not kept', async () => {
  const root = { ...shop(), product: (): unknown => null };
  const text = PRODUCT.replace('{ name }', '{ name price @optional }');
  const { call, engine } = await serve(text, { root });
  expect((await call('/bff/web/products/p1')).status).toBe(404);
  root.product = () => ({
    name: 'Lamp',
    price: () => {
      throw sourceError('SUBREQUEST_TIMEOUT');
    },
  });
  for (let i = 0; i < 2; i++) expect((await call('/bff/web/products/p1')).json.meta.partial).toHaveLength(1);
  expect(engine.requests).toHaveLength(3);
});

test('all who ask at once wait for one answer', async () => {
  const { call, engine } = await serve(PRODUCT);
  const responses = await Promise.all(Array.from({ length: 20 }, () => call('/bff/web/products/p1')));
  expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
  expect(engine.requests).toHaveLength(1);
});

test('an ETag, and 304 without a body for who has it', async () => {
  for (const text of [PRODUCT, PRODUCT.replace(/, cache: \{.*?\}/, '')]) {
    const { call } = await serve(text, { root: { product: { name: 'Lamp' } } });
    const { headers } = await call('/bff/web/products/p1');
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const known = await call('/bff/web/products/p1', { headers: { 'if-none-match': `W/"x", ${etag}` } });
    expect(known).toMatchObject({ status: 304, text: '' });
    expect(known.headers.get('etag')).toBe(etag);
    expect((await call('/bff/web/products/p1', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  }
});

test('without a word on caching, a client has to ask each time', async () => {
  const { call } = await serve('{ news }');
  const { headers } = await call('/bff/web/it');
  expect(headers.get('cache-control')).toBe('private, no-cache');
});

/** An engine that answers each viewer with their own name, as sources do that receive the identity of the client. */
function engineForViewers(): FakeEngine {
  const engine = engineOver(SDL, {});
  const dependsOn = withReads(NOTHING, reads({ headers: ['authorization'], identity: true }));
  return {
    ...engine,
    dependsOnOncePlanned: () => dependsOn,
    async execute(request): Promise<SingleResult> {
      engine.requests.push(request);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const name = request.client.identity?.subject ?? request.client.headers.authorization ?? 'nobody';
      return new SingleResult(JSON.stringify({ me: { name } }), []);
    },
  };
}

describe.each([
  ['a private endpoint', 'query @endpoint(cache: {maxAge: "60s", scope: PRIVATE}) { me { name } }'],
  ['an endpoint that does not say', 'query @endpoint(cache: {maxAge: "60s"}) { me { name } }'],
  ['an endpoint without a cache', '{ me { name } }'],
])('%s shows nobody what is another one’s', (_, text) => {
  test.each([
    ['verified', (name: string) => as({ sub: name }), (name: string) => name],
    ['forwarded', (name: string) => ({ authorization: name }), (name: string) => name],
  ])('%s credentials', async (_how, headersOf, expected) => {
    const engine = engineForViewers();
    const { call } = await serve(text, { engine: () => engine });
    const names = Array.from({ length: 60 }, (_, i) => `user-${i % 3}`);
    const responses = await Promise.all(names.map((name) => call('/bff/web/it', { headers: headersOf(name) })));
    expect(responses.map(({ json }) => json.me.name)).toEqual(names.map(expected));
    const again = await Promise.all(names.map((name) => call('/bff/web/it', { headers: headersOf(name) })));
    expect(again.map(({ json }) => json.me.name)).toEqual(names.map(expected));
    expect(again.every(({ headers }) => headers.get('cache-control')?.startsWith('private'))).toBe(true);
    expect((await call('/bff/web/it')).json.me.name).toBe('nobody');
  });
});

test('what nobody said is private is shared between those who do not say who they are', async () => {
  const engine = engineForViewers();
  const text = 'query @endpoint(cache: {maxAge: "60s"}) { me { name } }';
  const { call } = await serve(text, { engine: () => engine });
  await call('/bff/web/it', { headers: { 'x-any': '1' } });
  const { headers } = await call('/bff/web/it', { headers: { 'x-any': '2' } });
  expect(headers.get('cache-control')).toBe('public, max-age=60');
  expect(headers.get('vary')).toContain('authorization, cookie');
  expect(engine.requests).toHaveLength(1);
});

test('headers that are forwarded to sources are part of what a response depends on', async () => {
  const dependsOn = withReads(NOTHING, reads({ headers: ['x-tenant'] }));
  const engine = { ...engineOver(SDL, shop()), dependsOnOncePlanned: () => dependsOn };
  const { call } = await serve(PRODUCT, { engine: () => engine });
  for (const tenant of ['a', 'b', 'a']) await call('/bff/web/products/p1', { headers: { 'x-tenant': tenant } });
  expect(engine.requests).toHaveLength(2);
});

test('headers named in vary, and headers that are parameters', async () => {
  const text = `query ($page: ID! @from(header: "x-page")) @endpoint(cache: {maxAge: 60, scope: PUBLIC, vary: ["X-App"]}) {
    product(id: $page) { name }
  }`;
  const { call, engine } = await serve(text);
  const ask = (page: string, app: string) => call('/bff/web/it', { headers: { 'x-page': page, 'x-app': app } });
  for (const [page, app] of [
    ['1', 'a'],
    ['1', 'b'],
    ['2', 'a'],
    ['1', 'a'],
  ] as const)
    await ask(page, app);
  expect(engine.requests).toHaveLength(3);
  expect((await ask('1', 'a')).headers.get('vary')).toBe('accept, x-page, x-app');
});

test('headers named in vary tell answers of one viewer apart as well', async () => {
  const { call, engine } = await serve(
    'query @endpoint(cache: {maxAge: 60, scope: PRIVATE, vary: ["User-Agent"]}) { news }',
  );
  for (const agent of ['phone', 'desktop', 'phone'])
    await call('/bff/web/it', { headers: { ...as({ sub: 'u1' }), 'user-agent': agent } });
  expect(engine.requests).toHaveLength(2);
});

test('a public answer may not read what only the viewer has', async () => {
  const text =
    'query ($id: ID! @from(claim: "sub")) @endpoint(cache: {maxAge: 60, scope: PUBLIC}) { product(id: $id) { id } }';
  const { call } = await serve(text);
  expect((await call('/bff/web/it')).json.problems[0]).toContain(
    "The cache of this endpoint is public, but $id is read from the viewer's credential",
  );
});

test('fields say how long they hold; the shortest counts', async () => {
  const cacheHints = new Map([
    ['Query.product', { maxAgeMs: 300_000 }],
    ['Product', { maxAgeMs: 120_000 }],
    ['Product.price', { maxAgeMs: 20_000 }],
    ['User', { maxAgeMs: 60_000, scope: 'private' as const }],
    ['Query.me', { inherit: true }],
  ]);
  const controlOf = async (query: string) => {
    const { call } = await serve(query, {
      endpointConfig: { hints: cacheHints },
      root: { ...shop(), me: { name: 'Ada' } },
    });
    return (await call('/bff/web/it')).headers.get('cache-control');
  };
  expect(await controlOf('{ product(id: 1) { name } }')).toBe('public, max-age=300');
  expect(await controlOf('{ product(id: 1) { name related { id } } }')).toBe('public, max-age=120');
  expect(await controlOf('{ product(id: 1) { name price } }')).toBe('public, max-age=20');
  expect(await controlOf('{ product(id: 1) { name } news }')).toBe('private, no-cache');
});

test('purged by endpoint, by tag of its own, and by entity', async () => {
  const text = `query ($id: ID!) @endpoint(path: "/products/:id", cache: {maxAge: 60, tags: ["shelf-{id}"]}) {
    product(id: $id) { name related { id } }
  }`;
  const { bff, call, engine } = await serve(text);
  const read = async () => {
    await call('/bff/web/products/p1');
    return engine.requests.length;
  };
  expect([await read(), await read()]).toEqual([1, 1]);
  let reads = 1;
  for (const tag of ['web/it', 'client:web', 'shelf-p1', 'Product:p1', 'Product:p9']) {
    expect([tag, await bff.purge([tag])]).toEqual([tag, 1]);
    expect([tag, await read()]).toEqual([tag, ++reads]);
  }
  expect(await bff.purge(['Product:p2', 'User:p1'])).toBe(0);
});

test('what is being read while it is purged is not kept', async () => {
  const text = 'query @endpoint(cache: {maxAge: 60}) { news }';
  let release = () => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reads = 0;
  const news = async () => {
    if (++reads === 1) await waiting;
    return [`Read ${reads}`];
  };
  const { bff, call, engine } = await serve(text, { root: { news } });
  const first = call('/bff/web/it');
  await expect.poll(() => engine.requests.length).toBe(1);
  await bff.purge(['web/it']);
  release();
  await first;
  await call('/bff/web/it');
  expect(engine.requests).toHaveLength(2);
});

test('memory is bounded: the least used goes', async () => {
  const { call, engine } = await serve(PRODUCT, { cacheBytes: 11_000 });
  const ids = Array.from({ length: 15 }, (_, at) => `p${at + 1}`);
  for (const id of ids) await call(`/bff/web/products/${id}`);
  await call('/bff/web/products/p15');
  expect(engine.requests).toHaveLength(15);
  await call('/bff/web/products/p1');
  expect(engine.requests).toHaveLength(16);
});

test('a changed document or schema makes what was kept another answer', async () => {
  let engine = engineOver(SDL, shop());
  const dir = folderOf({ 'web/it.graphql': PRODUCT });
  const { call } = await serveBff({ dir, engine: () => engine });
  const first = (await call('/bff/web/products/p1')).text;
  engine = { ...engineOver(SDL, { product: { name: 'New' } }) };
  Object.assign(engine.supergraph, { sdl: 'another' });
  expect((await call('/bff/web/products/p1')).text).not.toBe(first);
});

test('so does a changed file that a shape imports', async () => {
  const engine = engineOver(SDL, shop());
  const dir = folderOf({
    'web/it.graphql': PRODUCT,
    'web/it.ts': "import { unit } from './_unit.ts';\nexport default (data) => ({ ...data, unit });",
    'web/_unit.ts': "export const unit = 'kg';",
  });
  const { bff, call } = await serveBff({ dir, engine: () => engine });
  await call('/bff/web/products/p1');
  await bff.reload();
  expect((await call('/bff/web/products/p1')).headers.get('cache-status')).toBe('headgate; hit');
  write(dir, 'web/_unit.ts', "export const unit = 'g';");
  await bff.reload();
  expect((await call('/bff/web/products/p1')).headers.get('cache-status')).toBe('headgate; fwd=uri-miss');
});
