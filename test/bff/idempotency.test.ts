import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { createMemoryKeyStore } from '../../src/bff/idempotency/idempotency.ts';
import { as, engineOver, serveFiles, sourceError } from './support.ts';

const SDL = `
  type Query { ok: Boolean }
  type Mutation { order(product: ID!, input: Extra): Order }
  input Extra { a: Int, b: Int }
  type Order { id: ID! }
`;

function till(order?: () => unknown) {
  let orders = 0;
  const engine = engineOver(SDL, {
    order: async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return order ? order() : { id: `o${++orders}` };
    },
  });
  return { engine };
}

const ORDER = `mutation ($product: ID!, $input: Extra) @endpoint(path: "/orders", status: 201) {
  order(product: $product, input: $input) { id }
}`;

async function shop(text = ORDER, order?: () => unknown) {
  const { engine } = till(order);
  const call = await serveFiles({ 'app/order.graphql': text }, engine);
  const post = (key: string | undefined, body: object = { product: 'p1' }, headers: Record<string, string> = {}) =>
    call('/bff/app/orders', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }), ...headers },
    });
  return { post, engine };
}

test('the same key gets the same answer, and nothing is done a second time', async () => {
  const { post, engine } = await shop();
  const first = await post('"k1"');
  expect(first).toMatchObject({ status: 201, json: { order: { id: 'o1' } } });
  const second = await post('"k1"');
  expect(second).toMatchObject({ status: 201, text: first.text });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(engine.requests).toHaveLength(1);
  expect((await post('"k2"')).json).toEqual({ order: { id: 'o2' } });
});

test('without a key each request is one of its own', async () => {
  const { post } = await shop();
  expect((await post(undefined)).text).not.toBe((await post(undefined)).text);
});

test('ten at once are one', async () => {
  const { post, engine } = await shop();
  const responses = await Promise.all(Array.from({ length: 10 }, () => post('k')));
  expect(new Set(responses.map(({ status, text }) => `${status} ${text}`))).toEqual(
    new Set(['201 {"order":{"id":"o1"}}']),
  );
  expect(responses.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(9);
  expect(engine.requests).toHaveLength(1);
});

test('the same key for something else is refused; the order of members makes no difference', async () => {
  const { post, engine } = await shop();
  await post('k', { product: 'p1', input: { a: 1, b: 2 } });
  expect((await post('k', { input: { b: 2, a: 1 }, product: 'p1' })).status).toBe(201);
  const other = await post('k', { product: 'p2', input: { a: 1, b: 2 } });
  expect(other).toMatchObject({ status: 422, json: { type: 'urn:headgate:problem:idempotency-key-reused' } });
  expect(engine.requests).toHaveLength(1);
});

test('two viewers may choose the same key', async () => {
  const { post } = await shop();
  const ada = await post('k', { product: 'p1' }, as({ sub: 'ada' }));
  const bob = await post('k', { product: 'p1' }, as({ sub: 'bob' }));
  const cookies = await post('k', { product: 'p1' }, { cookie: 'session=1' });
  expect(new Set([ada.text, bob.text, cookies.text]).size).toBe(3);
});

test('a key may be demanded', async () => {
  const { post } = await shop(ORDER.replace('status: 201', 'idempotency: {required: true}'));
  expect(await post(undefined)).toMatchObject({
    status: 400,
    json: { type: 'urn:headgate:problem:idempotency-key-missing' },
  });
  expect((await post('k')).status).toBe(200);
  expect((await post('x'.repeat(256))).status).toBe(400);
});

test('an unknown outcome is kept, since the order may have been placed', async () => {
  const { post, engine } = await shop(ORDER, () => {
    throw sourceError('SUBREQUEST_TIMEOUT');
  });
  expect((await post('k')).status).toBe(504);
  expect((await post('k')).status).toBe(504);
  expect(engine.requests).toHaveLength(1);
});

test('what cannot have been done may be tried again', async () => {
  let up = false;
  const { post } = await shop(ORDER, () => {
    if (up) return { id: 'o1' };
    const error = sourceError('SUBREQUEST_HTTP_ERROR');
    Object.assign(error.extensions, { reason: 'connection refused' });
    throw error;
  });
  expect((await post('k')).status).toBe(502);
  up = true;
  expect(await post('k')).toMatchObject({ status: 201, json: { order: { id: 'o1' } } });
});

test('what has been done is not done again where a service cannot be reached afterwards', async () => {
  const { post, engine } = await shop(ORDER, () => ({
    id: () => {
      const error = sourceError('SUBREQUEST_HTTP_ERROR');
      Object.assign(error.extensions, { reason: 'connection refused' });
      throw error;
    },
  }));
  for (const replayed of [null, 'true']) {
    const { status, headers } = await post('k');
    expect([status, headers.get('idempotency-replayed')]).toEqual([502, replayed]);
  }
  expect(engine.requests).toHaveLength(1);
});

test('where one of two things was done, none is done again', async () => {
  const text = `mutation ($product: ID!) @endpoint(path: "/orders") {
    order(product: $product) { id } second: order(product: $product) @optional { id }
  }`;
  let orders = 0;
  const { post, engine } = await shop(text, () => {
    if (++orders === 1) return { id: 'o1' };
    throw sourceError('SUBGRAPH_CIRCUIT_BREAKER_REJECTED');
  });
  expect((await post('k')).json).toMatchObject({ order: { id: 'o1' }, second: null });
  expect((await post('k')).json).toMatchObject({ order: { id: 'o1' }, second: null });
  expect(engine.requests).toHaveLength(1);
});

test('what was over a rate limit may be tried again', async () => {
  let left = 0;
  const { post } = await shop(ORDER, () => {
    if (left > 0) return { id: 'o1' };
    throw new GraphQLError('Too many requests.', { extensions: { code: 'RATE_LIMITED', retryAfter: 1 } });
  });
  expect((await post('k')).status).toBe(429);
  left = 1;
  expect(await post('k')).toMatchObject({ status: 201, json: { order: { id: 'o1' } } });
});

test('what fails after it was done is not done again', async () => {
  const { engine } = till();
  const files = { 'app/order.graphql': ORDER, 'app/order.js': 'export default () => { throw new Error("no"); };' };
  const call = await serveFiles(files, engine);
  const post = () =>
    call('/bff/app/orders', {
      method: 'POST',
      body: '{"product":"p1"}',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
    });
  const [first, second] = [await post(), await post()];
  expect([first.status, second.status, second.text]).toEqual([500, 500, first.text]);
  expect(engine.requests).toHaveLength(1);
});

test('bad parameters do not use the key up', async () => {
  const { post } = await shop();
  expect((await post('k', {})).status).toBe(400);
  expect((await post('k')).status).toBe(201);
});

test('in memory, answers take so much room and no more: those unused for longest go', async () => {
  const store = createMemoryKeyStore({ maxChars: 10_000 });
  const response = { status: 201, headers: {}, body: 'x'.repeat(4_000) };
  for (const key of ['a', 'b', 'c']) await store.finish(key, { payload: key, response }, 60_000);
  expect(await store.get('a')).toBeUndefined();
  expect(await store.get('c')).toEqual({ payload: 'c', response });
});
