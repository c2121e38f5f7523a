import { relative } from 'node:path';
import { buildSchema } from 'graphql';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadEndpoints } from '../../src/bff/endpoints/endpoints.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { latch } from '../gateway/serving.ts';
import { folderOf } from './support.ts';

const SDL = `
  type Query { user(id: ID!): User, news: [String!], slow: String }
  type Mutation { rename(id: ID!): User }
  type User { id: ID!, name: String!, reviews: [Review!], friends: [User!] }
  type Review { body: String!, stars: Int }
`;

/** The clock stands still, and is set forward by hand. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const byId = { __resolveReference: (reference: object) => reference };

/** Four services and the gateway before them, over HTTP; `hold` keeps a service's answers back until it is let go. */
async function shop(files: Readonly<Record<string, string>>) {
  const world = await httpWorld(
    {
      users: {
        typeDefs: `type Query { user(id: ID!): User }
          type User @key(fields: "id") { id: ID! name: String! mood: String }`,
        resolvers: {
          Query: {
            user: (_: unknown, { id }: { id: string }) => (id === 'none' ? null : { id, name: 'Ada', mood: 'good' }),
          },
        },
      },
      orders: {
        typeDefs: `type User @key(fields: "id") { id: ID! orders: [Order!] }
          type Order { id: ID! product: Product! }  type Product @key(fields: "id") { id: ID! }`,
        resolvers: { User: { ...byId, orders: () => [{ id: 'o1', product: { id: 'p1' } }] } },
      },
      picks: {
        typeDefs: `type User @key(fields: "id") { id: ID! picks: [Pick!] }
          type Pick { product: Product! }  type Product @key(fields: "id") { id: ID! }`,
        resolvers: { User: { ...byId, picks: () => [{ product: { id: 'p2' } }] } },
      },
      products: {
        typeDefs: 'type Product @key(fields: "id") { id: ID! title: String! }',
        resolvers: { Product: { ...byId, title: ({ id }: { id: string }) => `Lamp ${id}` } },
      },
    },
    { bffDir: folderOf(files), config: { traffic_shaping: { all: { timeout: '1h' } } } },
  );
  const asked = (service: string) => world.calls[service] ?? 0;
  return {
    ...world,
    get: async (path: string) => {
      const response = await fetch(new URL(path, world.server.url));
      const timing = response.headers.get('server-timing') ?? '';
      // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
      return { status: response.status, timing, json: (await response.json()) as any };
    },
    hold(service: string, text: string) {
      const gate = latch();
      const closed = latch();
      world.behave(service, async (req, res) => {
        res.once('close', () => closed.open());
        req.resume();
        await gate.promise;
        res.setHeader('content-type', 'application/json');
        res.end(text);
      });
      return { letGo: gate.open, closed: closed.promise };
    },
    /** Resolves when services have been asked so often, each. */
    async until(counts: Readonly<Record<string, number>>) {
      while (Object.entries(counts).some(([service, count]) => asked(service) < count)) await new Promise(setImmediate);
    },
  };
}

const HOME = `query ($id: ID!) @endpoint(path: "/home/:id") {
  user(id: $id) {
    name
    orders { product { title } }
    picks @optional(timeout: "400ms", fallback: []) { product { title } }
  }
}`;
const ORDERS = [{ product: { title: 'Lamp p1' } }];

describe('a section with a timeout', () => {
  test('is part of the answer when it is in time', async () => {
    const { get, calls } = await shop({ 'web/home.graphql': HOME });
    const user = { name: 'Ada', orders: ORDERS, picks: [{ product: { title: 'Lamp p2' } }] };
    const { json, timing } = await get('/bff/web/home/u1');
    expect(json).toEqual({ user });
    expect(timing).toMatch(/^user\.picks;dur=[\d.]+, engine;dur=[\d.]+$/);
    // the products of a section are asked for apart from those of the rest
    expect(calls).toEqual({ users: 1, orders: 1, picks: 1, products: 2 });
  });

  test('that is late is left behind by the first request already, and nothing is asked twice', async () => {
    const { get, hold, until, calls } = await shop({ 'web/home.graphql': HOME });
    const held = hold('picks', '{"data":{"_entities":[{"picks":[]}]}}');
    const answer = get('/bff/web/home/u1');
    await until({ picks: 1, products: 1 });
    vi.advanceTimersByTime(400);
    expect((await answer).json).toEqual({
      user: { name: 'Ada', orders: ORDERS, picks: [] },
      meta: {
        partial: [
          {
            path: ['user', 'picks'],
            code: 'SECTION_TIMEOUT',
            message: 'The section was not ready within 400 milliseconds.',
          },
        ],
      },
    });
    // what nobody waits for any more is given up
    await held.closed;
    expect(calls).toEqual({ users: 1, orders: 1, picks: 1, products: 1 });
  });

  test('is waited for until then', async () => {
    const { get, hold, until } = await shop({ 'web/home.graphql': HOME });
    const held = hold('picks', '{"data":{"_entities":[{"picks":[]}]}}');
    const answer = get('/bff/web/home/u1');
    await until({ picks: 1, products: 1 });
    vi.advanceTimersByTime(399);
    held.letGo();
    expect((await answer).json).toEqual({ user: { name: 'Ada', orders: ORDERS, picks: [] } });
  });

  test('has as long as the rest takes', async () => {
    const { get, hold, until } = await shop({ 'web/home.graphql': HOME });
    const held = hold('orders', '{"data":{"_entities":[{"orders":[]}]}}');
    const answer = get('/bff/web/home/u1');
    await until({ orders: 1, picks: 1, products: 1 });
    vi.advanceTimersByTime(10_000);
    held.letGo();
    const picks = [{ product: { title: 'Lamp p2' } }];
    expect((await answer).json).toEqual({ user: { name: 'Ada', orders: [], picks } });
  });

  test('does not hold up fields of the service that the rest needs, too', async () => {
    const text = '{ user(id: 1) { name mood @optional(timeout: "1s") } }';
    const { get, behave, until } = await shop({ 'web/it.graphql': text });
    const slow = latch();
    behave('users', async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      if (body.includes('mood')) await slow.promise;
      res.setHeader('content-type', 'application/json').end('{"data":{"user":{"name":"Ada"}}}');
    });
    const answer = get('/bff/web/it');
    await until({ users: 2 });
    vi.advanceTimersByTime(1000);
    expect((await answer).json).toMatchObject({ user: { name: 'Ada', mood: null }, meta: { partial: [{}] } });
    slow.open();
  });

  test('that fails in time says why', async () => {
    const { get, behave } = await shop({ 'web/home.graphql': HOME });
    behave('picks', (_, res) => void res.writeHead(500).end());
    expect((await get('/bff/web/home/u1')).json).toMatchObject({
      user: { name: 'Ada', orders: ORDERS, picks: [] },
      meta: { partial: [{ path: ['user', 'picks'], code: 'SUBREQUEST_HTTP_ERROR' }] },
    });
  });

  test('is not missed where the object around it is not there', async () => {
    const { get } = await shop({ 'web/home.graphql': HOME });
    expect((await get('/bff/web/home/none')).status).toBe(404);
  });

  test('leaves its keys as null where it is flattened', async () => {
    const text =
      '{ user(id: 1) { name } more: user(id: 2) @optional(timeout: "1s") @flatten { picks { product { id } } } }';
    const { get, hold, until } = await shop({ 'web/it.graphql': text });
    hold('picks', '');
    const answer = get('/bff/web/it');
    await until({ picks: 1 });
    vi.advanceTimersByTime(1000);
    expect((await answer).json).toMatchObject({
      user: { name: 'Ada' },
      picks: null,
      meta: { partial: [{ path: ['picks'], code: 'SECTION_TIMEOUT' }] },
    });
  });

  test.each(['2s', '1h'])('may be within one that has %s, and is late alone', async (outer) => {
    const text = `{ user(id: 1) @optional(timeout: "${outer}") { name picks @optional(timeout: "400ms") { product { id } } } }`;
    const { get, hold, until } = await shop({ 'web/it.graphql': text });
    hold('picks', '');
    const answer = get('/bff/web/it');
    await until({ picks: 1 });
    vi.advanceTimersByTime(400);
    expect((await answer).json).toMatchObject({
      user: { name: 'Ada', picks: null },
      meta: { partial: [{ path: ['user', 'picks'], code: 'SECTION_TIMEOUT' }] },
    });
  });

  test('may be all there is', async () => {
    const text = '{ user(id: 1) @optional(timeout: "1s", fallback: {name: "you"}) { name } }';
    const { get, hold, until } = await shop({ 'web/it.graphql': text });
    hold('users', '');
    const answer = get('/bff/web/it');
    await until({ users: 1 });
    vi.advanceTimersByTime(1000);
    expect((await answer).json).toMatchObject({ user: { name: 'you' }, meta: { partial: [{ path: ['user'] }] } });
  });
});

test.each([
  [
    '{ user(id: 1) { friends { reviews @optional(timeout: "1s") { body } } } }',
    'web/it.graphql:1 "reviews" has a timeout, but is within a list.',
  ],
  [
    '{ slow user(id: 1) @optional(timeout: "2s") { friends { reviews @optional(timeout: "1s") { body } } } }',
    'web/it.graphql:1 "reviews" has a timeout, but is within a list.',
  ],
  [
    '{ slow ...F } fragment F on Query { news @optional(timeout: "1s") }',
    'web/it.graphql:1 "news" has a timeout, but is within a fragment.',
  ],
  [
    'mutation { rename(id: 1) { id reviews @optional(timeout: "1s") { body } } }',
    'web/it.graphql:1 A section of a mutation cannot have a timeout, because the mutation would be executed twice.',
  ],
  [
    '{ slow\n  news @optional(timeout: "soon") }',
    'web/it.graphql:2 "soon" is not a duration. Use a string such as "300ms", "30s" or "1h", or whole seconds.',
  ],
])('%s is refused with its place', async (text, expected) => {
  const dir = folderOf({ 'web/it.graphql': text });
  const { problems } = await loadEndpoints(dir, { publicSchema: buildSchema(SDL), types: new Map(), cacheControl: [] });
  expect(problems.map(({ file, line, message }) => `${relative(dir, file)}:${line} ${message}`)).toEqual([
    expect.stringContaining(expected),
  ]);
});
