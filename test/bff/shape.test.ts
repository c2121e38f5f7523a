import { expect, test } from 'vitest';
import { type EndpointResponse, engineOver, serveFiles, sourceError } from './support.ts';

const SDL = `
  type Query { user(id: ID = 1): User, tips: [Tip!], search: Hit }
  type User { id: ID!, name: String!, settings: Settings, orders: [Order!] }
  type Settings { theme: String, font: Font }
  type Font { family: String, size: Int }
  type Order { id: ID!, total: Int!, product: Product, note: String }
  type Product { name: String! }
  type Tip { text: String! }
  type Book { title: String, author: User }
  union Hit = Book | User
`;
const down = () => {
  throw sourceError('SUBREQUEST_HTTP_ERROR', 'orders: no answer');
};
const slow = () => {
  throw sourceError('SUBREQUEST_TIMEOUT', 'tips: too slow');
};
const user = {
  id: 'u1',
  name: 'Ada',
  settings: { theme: 'dark', font: { family: 'Serif', size: 12 } },
  orders: [{ id: 'o1', total: 5, product: { name: 'Shoe' } }],
};

/** What `GET /bff/app/it` answers for this document over these objects. */
async function answer(document: string, rootValue: object): Promise<EndpointResponse> {
  const call = await serveFiles({ 'app/it.graphql': document }, engineOver(SDL, rootValue));
  return call('/bff/app/it');
}

test('@flatten lifts the fields of a section to its place', async () => {
  const response = await answer('{ user { id settings @flatten { theme } name } }', { user });
  expect(response.text).toBe('{"user":{"id":"u1","theme":"dark","name":"Ada"}}');
});

test('@flatten works at the root, within each other and in lists', async () => {
  const document =
    '{ user @flatten { settings @flatten { font @flatten { family } } orders { product @flatten { name } } } }';
  expect((await answer(document, { user })).json).toEqual({ family: 'Serif', orders: [{ name: 'Shoe' }] });
});

test('@flatten on a fragment lifts the objects in it', async () => {
  const inline = '{ user { ... @flatten { id orders { id } settings { theme } } } }';
  const expected = { user: { id: 'u1', orders: [{ id: 'o1' }], theme: 'dark' } };
  expect((await answer(inline, { user })).json).toEqual(expected);
  const spread = '{ user { ...Parts @flatten } } fragment Parts on User { id orders { id } settings { theme } }';
  expect((await answer(spread, { user })).json).toEqual(expected);
});

test('a flattened section that is null gives its fields as nulls', async () => {
  const document = '{ user { id settings @flatten { theme font @flatten { size } } } }';
  expect((await answer(document, { user: { ...user, settings: null } })).json).toEqual({
    user: { id: 'u1', theme: null, size: null },
  });
});

test('a section of another type of a union is not there to be lifted', async () => {
  const document = '{ search { ... on Book { title author @flatten { name } } ... on User { id } } }';
  const book = { __typename: 'Book', title: 'Notes', author: user };
  expect((await answer(document, { search: book })).json).toEqual({
    search: { __typename: 'Book', title: 'Notes', name: 'Ada' },
  });
  expect((await answer(document, { search: { __typename: 'User', id: 'u1' } })).json).toEqual({
    search: { __typename: 'User', id: 'u1' },
  });
});

test('@optional: a section that fails alone is null, and is named', async () => {
  const response = await answer('{ user { name orders @optional { id } } }', { user: { ...user, orders: down } });
  expect(response.status).toBe(200);
  expect(response.json).toEqual({
    user: { name: 'Ada', orders: null },
    meta: { partial: [{ path: ['user', 'orders'], code: 'SUBREQUEST_HTTP_ERROR', message: 'orders: no answer' }] },
  });
});

test('@optional(fallback:) puts something in its place', async () => {
  const document = '{ user { name } tips @optional(fallback: [{text: "Rest."}]) { text } }';
  const response = await answer(document, { user, tips: slow });
  expect(response.json).toMatchObject({
    tips: [{ text: 'Rest.' }],
    meta: { partial: [{ path: ['tips'], code: 'SUBREQUEST_TIMEOUT' }] },
  });
});

test('a null without an error is no failure: no fallback, nothing to tell', async () => {
  const response = await answer('{ user { name } tips @optional(fallback: []) { text } }', { user, tips: null });
  expect(response.text).toBe('{"user":{"name":"Ada"},"tips":null}');
});

test('an optional root section that is null is no 404', async () => {
  expect((await answer('{ user @optional { name } tips { text } }', { user: null, tips: [] })).status).toBe(200);
});

test('what cannot be null takes the optional section around it with it, reported once', async () => {
  const orders = [
    { id: 'o1', total: down },
    { id: 'o2', total: 5 },
  ];
  const document = '{ user { orders @optional(fallback: []) { id total product { name } } } }';
  const response = await answer(document, { user: { ...user, orders } });
  expect(response.json).toMatchObject({ user: { orders: [] }, meta: { partial: [{ path: ['user', 'orders'] }] } });
  expect(response.json.meta.partial).toHaveLength(1);
});

test('within an optional section, what failed may be less than all of it', async () => {
  const orders = [
    { id: 'o1', note: down },
    { id: 'o2', note: 'ok' },
  ];
  const response = await answer('{ user { orders @optional(fallback: []) { id note } } }', {
    user: { ...user, orders },
  });
  expect(response.json.user.orders).toEqual([
    { id: 'o1', note: null },
    { id: 'o2', note: 'ok' },
  ]);
  expect(response.json.meta.partial).toMatchObject([{ path: ['user', 'orders', '0', 'note'] }]);
});

test('an optional section in a list fails item by item', async () => {
  const orders = [
    { id: 'o1', product: down },
    { id: 'o2', product: { name: 'Shoe' } },
  ];
  const response = await answer('{ user { orders { id product @optional(fallback: {name: "?"}) { name } } } }', {
    user: { ...user, orders },
  });
  expect(response.json.user.orders).toEqual([
    { id: 'o1', product: { name: '?' } },
    { id: 'o2', product: { name: 'Shoe' } },
  ]);
  expect(response.json.meta.partial).toMatchObject([{ path: ['user', 'orders', '0', 'product'] }]);
});

test('an error elsewhere fails the whole, and is the only one reported', async () => {
  const response = await answer('{ user { name settings { theme } } tips @optional { text } }', {
    user: { ...user, settings: down },
    tips: slow,
  });
  expect(response.status).toBe(502);
  expect(response.json.errors).toEqual([
    { path: ['user', 'settings'], code: 'SUBREQUEST_HTTP_ERROR', message: 'orders: no answer' },
  ]);
});

test('@optional and @flatten together', async () => {
  const document =
    '{ user { name } extra: user @optional(fallback: {orders: []}) @flatten { orders { id total } } more: user @optional @flatten { settings { theme } } }';
  const fine = await answer(document, { user: () => user });
  expect(fine.json).toEqual({ user: { name: 'Ada' }, orders: [{ id: 'o1', total: 5 }], settings: { theme: 'dark' } });

  let calls = 0;
  const failing = await answer(document, { user: () => (calls++ === 0 ? user : down()) });
  expect(failing.json).toMatchObject({ user: { name: 'Ada' }, orders: [], settings: null });
  expect(failing.json.meta.partial.map((failure: { path: string[] }) => failure.path)).toEqual([
    ['orders'],
    ['settings'],
  ]);
});
