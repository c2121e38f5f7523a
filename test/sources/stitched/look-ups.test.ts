import { expect, onTestFinished, test, vi } from 'vitest';
import { createHttpSource } from '../../../src/sources/http/http-source.ts';
import type { Source, SubgraphResponse } from '../../../src/sources/source.ts';
import { createStitchedSource } from '../../../src/sources/stitched/stitched-source.ts';
import { responseText } from '../response-text.ts';
import { gatewayOver, stubSubgraph } from './gateway.ts';
import { type StubResolvers, stubService } from './stub-service.ts';

/** A service, and a way to look up its entities as the gateway does. */
async function lookedUp(sdl: string, resolvers: StubResolvers) {
  const own = sdl.replaceAll(/ @(merge|key|computed|rename)(\((?:[^()"]|"[^"]*")*\))?/g, '');
  const stub = await stubService(own, resolvers);
  const upstream = createHttpSource({ name: 'things', url: stub.url });
  const source = createStitchedSource({
    name: 'things',
    sdl: `extend schema @service(url: "${stub.url}")\n${sdl}`,
    upstream,
  });
  const find = (selection: string, representations: readonly object[]) => {
    const query = `query($representations:[_Any!]!){_entities(representations:$representations){${selection}}}`;
    const body = JSON.stringify({ query, variables: { representations } });
    return new Promise((resolve) => {
      source.send({ body, operationType: 'query', client: { requestId: 'r1', headers: {} } }, (answer) => {
        resolve(JSON.parse(responseText(answer)));
      });
    });
  };
  return { find, requests: stub.requests, service: stub };
}

const flat = (text: string | undefined) => text?.replaceAll(/\s+/g, ' ').trim();

test('a list of keys: repeated ones are asked for once', async () => {
  const { find, requests } = await lookedUp(
    'type Query { users(ids: [ID!]!): [User]! @merge(keyField: "id") } type User { id: ID! name: String }',
    { 'Query.users': ({ ids }: { ids: string[] }) => ids.map((id) => ({ id, name: `n${id}` })) },
  );
  const representations = ['1', '2', '1'].map((id) => ({ __typename: 'User', id }));
  expect(await find('...on User{name}', representations)).toEqual({
    data: { _entities: [{ name: 'n1' }, { name: 'n2' }, { name: 'n1' }] },
  });
  expect(requests.map(({ variables }) => variables)).toEqual([{ ids: ['1', '2'] }]);
});

test('one key a field: one alias for each, what is asked written once', async () => {
  const { find, requests } = await lookedUp(
    'type Query { user(id: ID!): User @merge(keyField: "id") } type User { id: ID! name: String }',
    { 'Query.user': ({ id }: { id: string }) => (id === '2' ? null : { id, name: `n${id}` }) },
  );
  const representations = ['1', '2', '3'].map((id) => ({ __typename: 'User', id }));
  expect(await find('...on User{name}', representations)).toEqual({
    data: { _entities: [{ name: 'n1' }, null, { name: 'n3' }] },
  });
  expect(requests.map(({ query }) => flat(query))).toEqual([
    'query ($k0_0_id: ID!, $k0_1_id: ID!, $k0_2_id: ID!) ' +
      '{ k0_0: user(id: $k0_0_id) { ...many0 } k0_1: user(id: $k0_1_id) { ...many0 } k0_2: user(id: $k0_2_id) { ...many0 } } ' +
      'fragment many0 on User { name }',
  ]);
});

test('several keys of a type, and several types: still one request', async () => {
  const { find, requests } = await lookedUp(
    `type Query {
       user(id: ID!): User @merge(keyField: "id")
       byMails(mails: [String!]!): [User]! @merge(keyField: "mail")
       tag(name: String!): Tag @merge(keyField: "name")
     }
     type User { id: ID! mail: String! } type Tag { name: String! size: Int }`,
    {
      'Query.user': ({ id }: { id: string }) => ({ id, mail: `${id}@x` }),
      'Query.byMails': ({ mails }: { mails: string[] }) => mails.map((mail) => ({ id: mail.charAt(0), mail })),
      'Query.tag': ({ name }: { name: string }) => ({ name, size: name.length }),
    },
  );
  const representations = [
    { __typename: 'User', id: '1' },
    { __typename: 'Tag', name: 'abc' },
    { __typename: 'User', mail: '2@x' },
  ];
  expect(await find('...on User{id mail} ...on Tag{size}', representations)).toEqual({
    data: { _entities: [{ id: '1', mail: '1@x' }, { size: 3 }, { id: '2', mail: '2@x' }] },
  });
  expect(requests).toHaveLength(1);
});

test('of two look-ups by the same key, the one that takes many is taken', async () => {
  const { find, requests } = await lookedUp(
    `type Query { user(id: ID!): User @merge(keyField: "id") users(ids: [ID!]!): [User]! @merge(keyField: "id") }
     type User { id: ID! }`,
    { 'Query.users': ({ ids }: { ids: string[] }) => ids.map((id) => ({ id })) },
  );
  await find('...on User{id}', [{ __typename: 'User', id: '1' }]);
  expect(requests[0]?.query).toContain('users(ids: $ids)');
});

test.each([
  [
    'an object put together of fields, some of them further down',
    'places(keys: [PlaceKey!]!): [Place]! @merge(key: ["country", "code: post.code"])',
    { keys: [{ country: 'DE', code: '1' }] },
  ],
  [
    'the same in an argument within an argument',
    'places(by: PlacesBy!): [Place]! @merge(keyArg: "by.keys", key: ["country", "code: post.code"])',
    { by: { keys: [{ country: 'DE', code: '1' }] } },
  ],
  [
    'arguments written out, with one that is always the same',
    'places(codes: [String!]!, deep: Boolean!): [Place]! @merge(argsExpr: "codes: [[$key.post.code]], deep: true")',
    { codes: ['1'], deep: true },
  ],
  [
    'a fixed argument beside the key',
    'places(codes: [String!]!, deep: Boolean!): [Place]! @merge(keyField: "post.code", keyArg: "codes", additionalArgs: "deep: false")',
    { codes: ['1'], deep: false },
  ],
])('%s', async (_, field, args) => {
  const { find, requests } = await lookedUp(
    `type Query { ${field} }
     input PlaceKey { country: String! code: String! } input PlacesBy { keys: [PlaceKey!]! }
     type Place { country: String! post: Post! people: Int } type Post { code: String! }`,
    { 'Query.places': [{ country: 'DE', post: { code: '1' }, people: 7 }] },
  );
  const representation = { __typename: 'Place', country: 'DE', post: { code: '1' } };
  expect(await find('...on Place{people}', [representation])).toEqual({ data: { _entities: [{ people: 7 }] } });
  expect(argumentsOf(requests[0])).toEqual(args);
});

/** The values of the only field's arguments: stitching sends some as variables, and others written out. */
function argumentsOf(request: { query: string; variables: unknown } | undefined): unknown {
  const written = /\bdeep: (true|false)/.exec(request?.query ?? '')?.[1];
  return { ...(request?.variables as object), ...(written ? { deep: written === 'true' } : {}) };
}

test('@computed: the inputs that other subgraphs own come with the key, when they are there', async () => {
  const { find, requests } = await lookedUp(
    `type Query { products(keys: [ProductKey!]!): [Product]! @merge }
     input ProductKey { upc: ID! price: Int weight: Int }
     type Product @key(selectionSet: "{ upc }") { upc: ID! shipping: Int @computed(selectionSet: "{ price weight }") stock: Int }`,
    {
      'Query.products': ({ keys }: { keys: { upc: string; price?: number; weight?: number }[] }) =>
        keys.map((key) => ({ upc: key.upc, stock: 1, shipping: (key.price ?? 0) * (key.weight ?? 0) })),
    },
  );
  const full = { __typename: 'Product', upc: 'a', price: 2, weight: 3 };
  expect(await find('...on Product{shipping}', [full])).toEqual({ data: { _entities: [{ shipping: 6 }] } });
  expect(await find('...on Product{stock}', [{ __typename: 'Product', upc: 'b' }])).toEqual({
    data: { _entities: [{ stock: 1 }] },
  });
  expect(requests.map(({ variables }) => variables)).toEqual([
    { keys: [{ upc: 'a', price: 2, weight: 3 }] },
    { keys: [{ upc: 'b' }] },
  ]);
});

test('a key of the service’s own scalar gets the whole representation', async () => {
  const { find, requests } = await lookedUp(
    `scalar Key type Query { products(keys: [Key!]!): [Product]! @merge }
     type Product @key(selectionSet: "{ upc }") { upc: ID! name: String }`,
    { 'Query.products': ({ keys }: { keys: { upc: string }[] }) => keys.map(({ upc }) => ({ upc, name: `n${upc}` })) },
  );
  expect(await find('...on Product{name}', [{ __typename: 'Product', upc: 'a' }])).toEqual({
    data: { _entities: [{ name: 'na' }] },
  });
  expect(requests[0]?.variables).toEqual({ keys: [{ __typename: 'Product', upc: 'a' }] });
});

test.each([
  ['one', 'node(id: ID!): Node @merge(keyField: "id")'],
  ['many', 'nodes(ids: [ID!]!): [Node]! @merge(keyField: "id")'],
])('a look-up of an interface, %s at a time: what turns out to be of another type is not found', async (_, field) => {
  const node = (id: string) =>
    id === 'gone' ? null : { __typename: id.startsWith('u') ? 'User' : 'Tag', id, size: 3, name: id };
  const { find, requests } = await lookedUp(
    `type Query { ${field} } interface Node { id: ID! }
     type User implements Node { id: ID! name: String } type Tag implements Node { id: ID! size: Int }`,
    field.startsWith('nodes')
      ? { 'Query.nodes': ({ ids }: { ids: string[] }) => ids.map(node) }
      : { 'Query.node': ({ id }: { id: string }) => node(id) },
  );
  const representations = [
    { __typename: 'User', id: 'u1' },
    { __typename: 'Tag', id: 't1' },
    { __typename: 'User', id: 't2' },
    { __typename: 'User', id: 'gone' },
  ];
  const { data } = (await find('...on User{name} ...on Tag{size}', representations)) as {
    data: { _entities: unknown[] };
  };
  expect(data._entities).toMatchObject([{ name: 'u1' }, { size: 3 }, null, null]);
  expect(requests).toHaveLength(1);
});

test('a representation without a key that is known is an error of its own', async () => {
  const { find } = await lookedUp(
    'type Query { user(id: ID!): User @merge(keyField: "id") } type User { id: ID! name: String }',
    { 'Query.user': ({ id }: { id: string }) => ({ id, name: 'n' }) },
  );
  expect(
    await find('...on User{name}', [
      { __typename: 'User', id: '1' },
      { __typename: 'User', id: null },
      { __typename: 'Tag' },
    ]),
  ).toEqual({
    data: { _entities: [{ name: 'n' }, null, null] },
    errors: [
      {
        message: 'An entity of type "User" needs the key "id", which its representation does not have.',
        path: ['_entities', 1],
      },
      { message: 'There is no look-up for the type "Tag".', path: ['_entities', 2] },
    ],
  });
});

test('errors of single entities, of fields within them, and of all', async () => {
  const { find } = await lookedUp(
    `type Query { users(ids: [ID!]!): [User]! @merge(keyField: "id") }
     type User { id: ID! notes: [Note!] } type Note { text: String! }`,
    {
      'Query.users': ({ ids }: { ids: string[] }) => ids.map((id) => (id === 'bad' ? new Error('no such') : { id })),
      'User.notes': [{}, {}],
      'Note.text': () => {
        throw new Error('unreadable');
      },
    },
  );
  expect(
    await find(
      '...on User{id notes{text}}',
      ['1', 'bad'].map((id) => ({ __typename: 'User', id })),
    ),
  ).toEqual({
    data: { _entities: [{ id: '1', notes: null }, null] },
    errors: [
      { message: 'unreadable', path: ['_entities', 0, 'notes', 0, 'text'] },
      { message: 'no such', path: ['_entities', 1] },
    ],
  });
});

test('a look-up that may not be null takes the others with it: they are asked for again', async () => {
  const { find, requests } = await lookedUp(
    `type Query { tag(id: ID!): Tag! @merge(keyField: "id") other(id: ID!): Other @merge(keyField: "id") }
     type Tag { id: ID! sizes(n: Int): [Int] } type Other { id: ID! name: String }`,
    {
      'Query.tag': ({ id }: { id: string }) => (id.startsWith('bad') ? new Error(`no ${id}`) : { id }),
      'Tag.sizes': ({ n }: { n: number }) => [n],
      'Query.other': ({ id }: { id: string }) => ({ id, name: id }),
    },
  );
  const tags = ['1', 'bad2', '3', 'bad4'].map((id) => ({ __typename: 'Tag', id }));
  const answer = await find('...on Tag{sizes(n:7)} ...on Other{name}', [...tags, { __typename: 'Other', id: 'o' }]);
  expect(answer).toEqual({
    data: { _entities: [{ sizes: [7] }, null, { sizes: [7] }, null, { name: 'o' }] },
    errors: [
      { message: 'no bad2', path: ['_entities', 1] },
      { message: 'no bad4', path: ['_entities', 3] },
    ],
  });
  expect(requests.length).toBeLessThanOrEqual(3);
  expect(await find('...on Tag{id}', [{ __typename: 'Tag', id: 'bad' }])).toEqual({
    data: { _entities: [null] },
    errors: [{ message: 'no bad', path: ['_entities', 0] }],
  });
});

test('asked for again, they have what is left of the time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const abortedAt: number[] = [];
  let calls = 0;
  const upstream: Source = {
    name: 'things',
    send({ body, client }, done) {
      calls++;
      if (calls === 1) {
        vi.advanceTimersByTime(700);
        const aliases = [...JSON.parse(body).query.matchAll(/(\w+): tag\(/g)].map(([, alias]) => alias);
        const errors = [{ message: 'no bad', path: [aliases[1]] }];
        return done({ kind: 'text', text: JSON.stringify({ data: null, errors }), status: 200 });
      }
      client.signal?.addEventListener('abort', () => {
        abortedAt.push(Math.round(performance.now() / 10) * 10);
        done({ kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'aborted' } });
      });
    },
    close: async () => {},
  };
  const source = createStitchedSource({
    name: 'things',
    sdl: 'extend schema @service(url: "http://things") type Query { tag(id: ID!): Tag! @merge(keyField: "id") } type Tag { id: ID! }',
    upstream,
    timeoutMs: 1_000,
  });
  const body = JSON.stringify({
    query: 'query($r:[_Any!]!){_entities(representations:$r){...on Tag{id}}}',
    variables: { r: ['1', 'bad'].map((id) => ({ __typename: 'Tag', id })) },
  });
  const start = performance.now();
  const answer = new Promise<SubgraphResponse>((resolve) => {
    source.send({ body, operationType: 'query', client: { requestId: 'r1', headers: {} } }, resolve);
  });
  await vi.waitFor(() => expect(calls).toBe(2));
  vi.advanceTimersByTime(300);
  const answered = await answer;
  expect(abortedAt).toEqual([start + 1_000]);
  expect(JSON.parse(responseText(answered))).toMatchObject({
    errors: [{ message: expect.stringContaining('within 1000 ms'), extensions: { code: 'SUBREQUEST_TIMEOUT' } }],
  });
});

test('under other names: look-up, key, types and fields', async () => {
  const { find, requests } = await lookedUp(
    `type Query { persons(refs: [ID!]!): [Person]! @merge(keyField: "ref") person(key: PersonKey): Person @rename(to: "who") @merge(key: ["nick"]) }
     input PersonKey @rename(to: "WhoKey") { nick: String }
     type Person @rename(to: "User") { ref: ID! @rename(to: "id") nick: String! @rename(to: "login") friend: Person }`,
    {
      'Query.persons': ({ refs }: { refs: string[] }) =>
        refs.toReversed().map((ref) => ({ ref, nick: `n${ref}`, friend: { ref: 'f' } })),
      'Query.person': ({ key }: { key: { nick: string } }) => ({ ref: '3', nick: key.nick }),
    },
  );
  const byId = ['1', '2'].map((id) => ({ __typename: 'User', id }));
  expect(await find('...on User{login friend{__typename id}}', byId)).toMatchObject({
    data: {
      _entities: [
        { login: 'n1', friend: { __typename: 'User', id: 'f' } },
        { login: 'n2', friend: { __typename: 'User', id: 'f' } },
      ],
    },
  });
  expect(requests[0]?.variables).toEqual({ refs: ['1', '2'] });
  expect(await find('...on User{login}', [{ __typename: 'User', login: 'x' }])).toEqual({
    data: { _entities: [{ login: 'x' }] },
  });
  expect(requests[1]?.query).toContain('person(key: $k0_0_key)');
});

test('@computed through the whole gateway: inputs are fetched first', async () => {
  const products = await stubSubgraph(
    'type Query { products: [Product!]! } type Product @key(fields: "upc") { upc: ID! price: Int! weight: Int! }',
    {
      resolvers: { Query: { products: () => ['a', 'b'].map((upc, at) => ({ upc, price: at + 1, weight: 10 })) } },
      entities: { Product: ({ upc }: { upc: string }) => ({ upc, price: 1, weight: 10 }) },
    },
  );
  const sdl = `type Query { products(keys: [ProductKey!]!): [Product]! } input ProductKey { upc: ID! price: Int weight: Int }
    type Product { upc: ID! shipping: Int }`;
  const shipping = await stubService(sdl, {
    'Query.products': ({ keys }: { keys: { upc: string; price: number; weight: number }[] }) =>
      keys.map(({ upc, price, weight }) => ({ upc, shipping: price * weight })),
  });
  const file = sdl
    .replace('[Product]!', '$& @merge')
    .replace('type Product', '$& @key(selectionSet: "{ upc }")')
    .replace('shipping: Int', '$& @computed(selectionSet: "{ price weight }")');
  const gateway = await gatewayOver({
    products: products.file,
    shipping: `extend schema @service(url: "${shipping.url}")\n${file}`,
  });
  expect(await gateway.ask('{ products { upc shipping } }')).toEqual({
    data: {
      products: [
        { upc: 'a', shipping: 10 },
        { upc: 'b', shipping: 20 },
      ],
    },
  });
  expect(shipping.requests).toHaveLength(1);
});

test.each([
  ['a list', 'items(ids: [ID!]!): [Item]!', { items: null }, [null, null], [['_entities']]],
  [
    'an item',
    'items(ids: [ID!]!): [Item!]!',
    { items: [{ name: 'a', _key: '1' }, null] },
    ['a', null],
    [['_entities', 1]],
  ],
  ['a list that may be null', 'items(ids: [ID!]!): [Item]', { items: null }, [null, null], undefined],
  ['an item that may be null', 'items(ids: [ID!]!): [Item]!', { items: [null, null] }, [null, null], undefined],
  ['a look-up of one', 'item(id: ID!): Item!', { k0_0: { name: 'a' }, k0_1: null }, ['a', null], [['_entities', 1]]],
  ['one that may be null', 'item(id: ID!): Item', { k0_0: { name: 'a' }, k0_1: null }, ['a', null], undefined],
])('null where the schema has none is an error: %s', async (_, field, data, names, paths) => {
  const { find, service } = await lookedUp(
    `type Query { ${field} @merge(keyField: "id") } type Item { id: ID! name: String }`,
    {},
  );
  service.answer = () => ({ data });
  const result = (await find(
    '...on Item{name}',
    ['1', '2'].map((id) => ({ __typename: 'Item', id })),
  )) as Answered;
  expect(result.data._entities.map((entity) => entity?.name ?? null)).toEqual(names);
  expect(result.errors?.map(({ path }) => path)).toEqual(paths);
});

test('null where the schema has none, of which the service says something, is that error alone', async () => {
  const { find, service } = await lookedUp(
    'type Query { items(ids: [ID!]!): [Item]! @merge(keyField: "id") } type Item { id: ID! name: String }',
    {},
  );
  service.answer = () => ({ data: { items: null }, errors: [{ message: 'gone' }] });
  const result = (await find('...on Item{name}', [{ __typename: 'Item', id: '1' }])) as Answered;
  expect(result.errors).toEqual([{ message: 'gone' }]);
});

interface Answered {
  readonly data: { readonly _entities: readonly ({ readonly name: string } | null)[] };
  readonly errors?: readonly { readonly message: string; readonly path?: readonly unknown[] }[];
}
