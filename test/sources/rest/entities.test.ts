import { describe, expect, test } from 'vitest';
import { composeSupergraph } from '../../../src/composition/compose.ts';
import { readSource } from '../../../src/composition/read-source.ts';
import { aClient, ask, askEntities, json, NO_LIMITS, restSource, stubApi, text } from './stub-api.ts';

const idOf = (url: string) => decodeURIComponent(url.split('/').at(-1)?.split('?')[0] ?? '');

describe('look-ups of entities', () => {
  const SDL = `
    type Product @connect(source: "api", http: {GET: "/products/{$this.id}"}, selection: "id name price") {
      id: ID!
      name: String
      price: Int
    }
    type Query { product(id: ID!): Product @connect(source: "api", http: {GET: "/products/{$args.id}"}, selection: "id name price", entity: true) }`;

  test('100 entities that are 20 resources make 20 calls', async () => {
    const api = await stubApi(({ url }) => ({ id: idOf(url), name: `P${idOf(url)}`, price: 3 }));
    const keys = Array.from({ length: 100 }, (_, at) => ({ id: String(at % 20) }));
    const { data, errors } = await askEntities(restSource(api, SDL), 'Product', 'id name', keys);
    expect(errors).toBeUndefined();
    expect(data?._entities).toHaveLength(100);
    expect((data?._entities as unknown[] | undefined)?.[41]).toEqual({ id: '1', name: 'P1' });
    expect(api.calls).toHaveLength(20);
  });

  test('what a client request has fetched once is not fetched again; the next request does', async () => {
    const api = await stubApi(({ url }) => ({ id: idOf(url), name: 'x' }));
    const source = restSource(api, SDL);
    const client = aClient();
    await askEntities(source, 'Product', 'name', [{ id: '1' }], client);
    await askEntities(source, 'Product', 'price', [{ id: '1' }], client);
    await ask(source, '{ product(id: "1") { name } }', {}, client);
    expect(api.lines()).toEqual(['GET /products/1']);
    await askEntities(source, 'Product', 'name', [{ id: '1' }]);
    expect(api.calls).toHaveLength(2);
  });

  test('no call where the key is all that is asked for', async () => {
    const api = await stubApi(() => ({}));
    const { data } = await askEntities(restSource(api, SDL), 'Product', 'id __typename', [{ id: '1' }]);
    expect(data).toEqual({ _entities: [{ id: '1', __typename: 'Product' }] });
    expect(api.calls).toHaveLength(0);
  });

  test('404 is null, another status an error of that entity alone', async () => {
    const api = await stubApi(
      ({ url }) => ({ '1': { id: 1, name: 'one' }, '2': json(404, {}), '3': json(503, {}) })[idOf(url)],
    );
    const keys = [{ id: '1' }, { id: '2' }, { id: '3' }];
    const { data, errors } = await askEntities(restSource(api, SDL), 'Product', 'name', keys);
    expect(data).toEqual({ _entities: [{ name: 'one' }, null, null] });
    expect(errors).toEqual([
      {
        message: 'The REST API returned HTTP status 503 for Product.',
        path: ['_entities', 2],
        extensions: {
          code: 'SUBREQUEST_HTTP_ERROR',
          service: 'shop',
          reason: 'HTTP status 503',
          http: { status: 503 },
          connector: { coordinate: 'Product' },
        },
      },
    ]);
    expect(await ask(restSource(api, SDL), '{ product(id: "2") { name } }')).toEqual({ data: { product: null } });
  });

  test('a list where the entity was promised is reported', async () => {
    const api = await stubApi(({ url }) => (url.endsWith('1') ? [{ id: 1, name: 'one' }] : 'two'));
    const { data, errors } = await askEntities(restSource(api, SDL), 'Product', 'name', [{ id: '1' }, { id: '2' }]);
    expect(data?._entities).toEqual([null, null]);
    expect(errors?.map(({ message, extensions }) => [extensions.code, message])).toEqual([
      ['SUBREQUEST_MALFORMED_RESPONSE', 'The response for Product cannot be used: expected an object, got: array.'],
      ['SUBREQUEST_MALFORMED_RESPONSE', 'The response for Product cannot be used: expected an object, got: string.'],
    ]);
  });

  test('ids with slashes, blanks and letters of all kinds', async () => {
    const api = await stubApi(({ url }) => ({ id: idOf(url), name: idOf(url) }));
    const keys = ['a/b c?d', 'ü', '..x', '%2F'].map((id) => ({ id }));
    const { data } = await askEntities(restSource(api, SDL), 'Product', 'name', keys);
    expect(data?._entities).toEqual([{ name: 'a/b c?d' }, { name: 'ü' }, { name: '..x' }, { name: '%2F' }]);
    expect(api.calls[0]?.url).toBe('/products/a%2Fb%20c%3Fd');
  });

  test('an id that leads out of the path is not asked for; the others are', async () => {
    const api = await stubApi(({ url }) => ({ id: idOf(url), name: idOf(url) }));
    const keys = ['../x', '..', 'ü'].map((id) => ({ id }));
    const { data, errors } = await askEntities(restSource(api, SDL), 'Product', 'name', keys);
    expect(data?._entities).toEqual([null, null, { name: 'ü' }]);
    expect(errors?.map(({ path }) => path)).toEqual([
      ['_entities', 0],
      ['_entities', 1],
    ]);
    expect(api.calls.map(({ url }) => url)).toEqual(['/products/%C3%BC']);
  });

  test('ids that JavaScript has no number for', async () => {
    const body =
      '{"id": 12345678901234567890, "name": "\\"id\\": 98765432109876543210", "friend": {"id": -9007199254740993}, "score": 1.00000000000000001}';
    const api = await stubApi(() => text(200, 'application/json', body));
    const sdl = `
      type Query { user: User @connect(source: "api", http: {GET: "/user"}, selection: "id name score friend { id }") }
      type User { id: ID! name: String score: Float friend: Friend }
      type Friend { id: ID! }`;
    const { data } = await ask(restSource(api, sdl), '{ user { id name score friend { id } } }');
    const name = '"id": 98765432109876543210';
    expect(data?.user).toEqual({ id: '12345678901234567890', name, score: 1, friend: { id: '-9007199254740993' } });
  });

  test('where nothing is referred to, nothing is asked for', async () => {
    const api = await stubApi(({ url }) =>
      url === '/posts'
        ? [
            { id: 1, authorId: null },
            { id: 2, authorId: 7 },
          ]
        : { id: 7 },
    );
    const sdl = `
      type Query { posts: [Post] @connect(source: "api", http: {GET: "/posts"}, selection: "id authorId") }
      type Post { id: ID! authorId: ID author: Author @connect(source: "api", http: {GET: "/authors/{$this.authorId}"}, selection: "id") }
      type Author { id: ID! }`;
    const answer = await ask(restSource(api, sdl), '{ posts { author { id } } }');
    expect(answer).toEqual({ data: { posts: [{ author: null }, { author: { id: '7' } }] } });
    expect(api.lines()).toEqual(['GET /posts', 'GET /authors/7']);
  });

  test('calls under way at a time are bounded, all the same all are made', async () => {
    let running = 0;
    let most = 0;
    const api = await stubApi(({ url }) => (response: import('node:http').ServerResponse) => {
      most = Math.max(most, ++running);
      setTimeout(() => {
        running--;
        json(200, { id: idOf(url), name: 'x' })(response);
      }, 5);
    });
    const settings = { ...NO_LIMITS, maxResponseBytes: 1_000 };
    const source = restSource(api, SDL, { settingsOf: () => ({ ...settings, maxConcurrent: 3 }) });
    const keys = Array.from({ length: 30 }, (_, at) => ({ id: String(at) }));
    const { errors } = await askEntities(source, 'Product', 'name', keys);
    expect(errors).toBeUndefined();
    expect([api.calls.length, most]).toEqual([30, 3]);
  });

  test('more calls than one request may make', async () => {
    const api = await stubApi(({ url }) => ({ id: idOf(url), name: 'x' }));
    const settings = { ...NO_LIMITS, maxConcurrent: 5, maxResponseBytes: 1_000 };
    const source = restSource(api, SDL, { settingsOf: () => ({ ...settings, maxPerOperation: 2 }) });
    const { data, errors } = await askEntities(source, 'Product', 'name', [{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect(data?._entities).toEqual([{ name: 'x' }, { name: 'x' }, null]);
    expect(errors?.[0]?.extensions.code).toBe('REQUEST_LIMIT_EXCEEDED');
    expect(api.calls).toHaveLength(2);
  });
});

describe('batches', () => {
  const BATCH = `
    type Product @connect(
      source: "api"
      http: {POST: "/products/batch", body: "ids: $batch.id"}
      batch: {maxSize: 10}
      selection: "id name"
    ) { id: ID! name: String! }
    type Query { ids: [Product!]! @connect(source: "api", http: {GET: "/ids"}, selection: "id") }`;

  test('100 entities that are 20 resources make two calls of ten', async () => {
    const api = await stubApi(({ body }) =>
      (JSON.parse(body).ids as string[]).reverse().map((id) => ({ id: Number(id), name: `P${id}` })),
    );
    const keys = Array.from({ length: 100 }, (_, at) => ({ id: String(at % 20) }));
    const { data } = await askEntities(restSource(api, BATCH), 'Product', 'id name', keys);
    expect((data?._entities as unknown[] | undefined)?.[57]).toEqual({ id: '17', name: 'P17' });
    expect(api.lines()).toEqual(['POST /products/batch', 'POST /products/batch']);
    expect(JSON.parse(api.calls[0]?.body ?? '').ids).toHaveLength(10);
  });

  test('a long response has each entity in its place, whatever its order', async () => {
    const sdl = BATCH.replace('batch: {maxSize: 10}', '');
    const api = await stubApi(({ body }) =>
      (JSON.parse(body).ids as string[]).reverse().map((id) => ({ id: Number(id), name: `${id} ${'x'.repeat(500)}` })),
    );
    const keys = Array.from({ length: 3_000 }, (_, at) => ({ id: String(at) }));
    const { data, errors } = await askEntities(restSource(api, sdl), 'Product', 'id name', keys);
    expect(errors).toBeUndefined();
    expect(data?._entities).toEqual(keys.map(({ id }) => ({ id, name: `${id} ${'x'.repeat(500)}` })));
    // of a thousand each
    expect(api.calls).toHaveLength(3);
  });

  test('who is not in the answer is null', async () => {
    const api = await stubApi(() => [
      { id: '2', name: 'two' },
      { id: null, name: 'none' },
    ]);
    const { data, errors } = await askEntities(restSource(api, BATCH), 'Product', 'name', [{ id: '1' }, { id: '2' }]);
    expect(data?._entities).toEqual([null, { name: 'two' }]);
    expect(errors).toBeUndefined();
  });

  test('an object where the list was promised', async () => {
    const api = await stubApi(() => ({ id: 1, name: 'x' }));
    const { data, errors } = await askEntities(restSource(api, BATCH), 'Product', 'name', [{ id: '1' }, { id: '2' }]);
    expect(data?._entities).toEqual([null, null]);
    expect(errors?.[0]).toMatchObject({
      message: 'The response for Product cannot be used: expected a list.',
      extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE' },
    });
  });

  test.each([[['one', 'two']], [[{ name: 'x' }]], [{ name: 'x' }]])(
    '%j, in which no entity can be found',
    async (reply) => {
      const api = await stubApi(() => reply);
      const { data, errors } = await askEntities(restSource(api, BATCH), 'Product', 'name', [{ id: '1' }]);
      expect(data?._entities).toEqual([null]);
      expect(errors?.[0]).toMatchObject({
        message: 'The response for Product cannot be used: no item of its list has the key "id".',
        extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE' },
      });
    },
  );

  test('an item that is no object: what is missing may be there all the same', async () => {
    const api = await stubApi(() => [{ id: '2', name: 'two' }, 'one']);
    const { data, errors } = await askEntities(restSource(api, BATCH), 'Product', 'name', [{ id: '1' }, { id: '2' }]);
    expect(data?._entities).toEqual([null, { name: 'two' }]);
    expect(errors).toMatchObject([
      {
        message: 'The response for Product cannot be used: not every item of its list has the key "id".',
        path: ['_entities', 0],
        extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE' },
      },
    ]);
  });

  test('a list of references in the same file is completed by one batch', async () => {
    const api = await stubApi(({ url }) =>
      url === '/ids' ? [{ id: 1 }, { id: 2 }] : [1, 2].map((id) => ({ id, name: `P${id}` })),
    );
    const { data } = await ask(restSource(api, BATCH), '{ ids { id name } }');
    expect(data?.ids).toEqual([
      { id: '1', name: 'P1' },
      { id: '2', name: 'P2' },
    ]);
    expect(api.lines()).toEqual(['GET /ids', 'POST /products/batch']);
  });

  describe('an object that is not in the response', () => {
    const SDL = `
      type Product @connect(
        source: "api"
        http: {POST: "/products/batch", body: "ids: $batch.id"}
        selection: "id name note maker { id }"
      ) { id: ID! name: String! note: String maker: Maker! }
      type Maker { id: ID! }
      type Query { products: [Product] @connect(source: "api", http: {GET: "/ids"}, selection: "id") }`;
    const api = () =>
      stubApi(({ url }) => (url === '/ids' ? [{ id: 1 }, { id: 2 }] : [{ id: 2, name: 'two', maker: { id: 'm' } }]));

    test('is null where all selected fields may be null', async () => {
      const { data, errors } = await ask(restSource(await api(), SDL), '{ products { id note } }');
      expect(data).toEqual({ products: [null, { id: '2', note: null }] });
      expect(errors).toBeUndefined();
    });

    test('is an error of each selected field that must not be null', async () => {
      const query = '{ products { id name note maker { id } } }';
      const { data, errors } = await ask(restSource(await api(), SDL), query);
      expect(data).toEqual({ products: [null, { id: '2', name: 'two', note: null, maker: { id: 'm' } }] });
      expect(errors?.[0]).toEqual({
        message: 'Cannot return null for non-nullable field Product.name: the REST API did not return the object.',
        path: ['products', 0, 'name'],
        extensions: {
          code: 'INVALID_NULL_OR_TYPE',
          service: 'shop',
          reason: 'the REST API did not return the object',
        },
      });
      const alone = await ask(restSource(await api(), SDL), '{ products { maker { id } } }');
      expect(alone.data).toEqual({ products: [null, { maker: { id: 'm' } }] });
      expect(alone.errors).toMatchObject([{ path: ['products', 0, 'maker'] }]);
    });

    test('is null without an error as an entity: the gateway knows which fields need it', async () => {
      const { data, errors } = await askEntities(restSource(await api(), SDL), 'Product', 'name', [{ id: '1' }]);
      expect(data).toEqual({ _entities: [null] });
      expect(errors).toBeUndefined();
    });
  });

  test('in a query string, with a key of two fields', async () => {
    const api = await stubApi(() => [{ store: { no: 1 }, sku: 'a', stock: 5 }]);
    const sdl = `
      type Store { no: ID! }
      type Item @connect(
        source: "api"
        http: {GET: "/stock?sku={$batch.sku->joinNotNull(',')}&store={$batch.store.no->joinNotNull(',')}"}
        selection: "store { no } sku stock"
      ) { store: Store! sku: ID! stock: Int }
      type Query { x: Int @connect(source: "api", http: {GET: "/"}, selection: "$.x") }`;
    const keys = [
      { store: { no: '1' }, sku: 'a' },
      { store: { no: '2' }, sku: 'a' },
    ];
    const { data } = await askEntities(restSource(api, sdl), 'Item', 'stock', keys);
    expect(data?._entities).toEqual([{ stock: 5 }, null]);
    expect(api.lines()).toEqual(['GET /stock?sku=a%2Ca&store=1%2C2']);
  });
});

describe('several connectors for one entity', () => {
  const SDL = `
    type User
      @connect(source: "api", http: {GET: "/users/{$this.id}"}, selection: "id name accountNo")
      @connect(source: "api", http: {GET: "/accounts/{$this.accountNo}"}, selection: "accountNo balance owner: { id: ownerId }") {
      id: ID!
      accountNo: ID @inaccessible
      name: String
      balance: Int
      owner: User
      friends: [User!] @connect(source: "api", http: {GET: "/users/{$this.id}/friends"}, selection: "id: $")
    }
    type Query { users: [User!] @connect(source: "api", http: {GET: "/users"}, selection: "id") }`;
  const handler = ({ url }: { url: string }) => {
    if (url === '/users') return [{ id: 1 }, { id: 2 }];
    if (url.endsWith('/friends')) return ['1', '2', '3'];
    if (url.startsWith('/accounts/')) return { accountNo: idOf(url), balance: 10, ownerId: '1' };
    return { id: idOf(url), name: `U${idOf(url)}`, accountNo: `A${idOf(url)}` };
  };

  test('only those are called that give what is asked for', async () => {
    const api = await stubApi(handler);
    await askEntities(restSource(api, SDL), 'User', 'name', [{ id: '7' }]);
    expect(api.lines()).toEqual(['GET /users/7']);
  });

  test('one leads to the next', async () => {
    const api = await stubApi(handler);
    const { data } = await askEntities(restSource(api, SDL), 'User', 'balance owner { name }', [{ id: '7' }]);
    expect(data?._entities).toEqual([{ balance: 10, owner: { name: 'U1' } }]);
    expect(api.lines()).toEqual(['GET /users/7', 'GET /accounts/A7', 'GET /users/1']);
  });

  test('through fields of the same file, each resource once', async () => {
    const api = await stubApi(handler);
    const { data, errors } = await ask(restSource(api, SDL), '{ users { name friends { name } } }');
    expect(errors).toBeUndefined();
    expect(data?.users).toEqual([
      { name: 'U1', friends: [{ name: 'U1' }, { name: 'U2' }, { name: 'U3' }] },
      { name: 'U2', friends: [{ name: 'U1' }, { name: 'U2' }, { name: 'U3' }] },
    ]);
    expect(api.lines().sort()).toEqual([
      'GET /users',
      'GET /users/1',
      'GET /users/1/friends',
      'GET /users/2',
      'GET /users/2/friends',
      'GET /users/3',
    ]);
  });

  test('a detail that is missing leaves the rest', async () => {
    const api = await stubApi((call) => (call.url.startsWith('/accounts/') ? json(404, {}) : handler(call)));
    const { data, errors } = await askEntities(restSource(api, SDL), 'User', 'name balance', [{ id: '7' }]);
    expect(data?._entities).toEqual([{ name: 'U7', balance: null }]);
    expect(errors).toBeUndefined();
  });
});

test('a field that needs what another subgraph owns', async () => {
  const api = await stubApi(({ url }) => ({ url }));
  const source = restSource(
    api,
    `type Product @key(fields: "id") {
      id: ID!
      weight: Float @external
      shipping: String @connect(source: "api", http: {GET: "/ship/{$this.id}?weight={$this.weight}"}, selection: "$.url")
    }
    type Query { x: Int @connect(source: "api", http: {GET: "/"}, selection: "$.x") }`,
  );
  const { data } = await askEntities(source, 'Product', 'shipping', [{ id: '1', weight: 2.5 }]);
  expect(data?._entities).toEqual([{ shipping: '/ship/1?weight=2.5' }]);
});

test('an entity that its look-up does not find is null, also where what it requires came along', async () => {
  const api = await stubApi(({ url }) => (url.startsWith('/ship') ? { url } : json(404, {})));
  const source = restSource(
    api,
    `type Product @key(fields: "id") @connect(source: "api", http: {GET: "/products/{$this.id}"}, selection: "id label") {
      id: ID!
      label: String
      weight: Float @external
      shipping: String @connect(source: "api", http: {GET: "/ship/{$this.id}?weight={$this.weight}"}, selection: "$.url")
    }
    type Query { x: Int @connect(source: "api", http: {GET: "/"}, selection: "$.x") }`,
  );
  const keys = [{ id: '1', weight: 2.5 }];
  expect(await askEntities(source, 'Product', 'label', keys)).toEqual({ data: { _entities: [null] } });
  expect(await askEntities(source, 'Product', 'label shipping', keys)).toEqual({ data: { _entities: [null] } });
  // nothing is looked up for it
  const { data } = await askEntities(source, 'Product', 'shipping', keys);
  expect(data?._entities).toEqual([{ shipping: '/ship/1?weight=2.5' }]);
});

test('two connectors of one field give parts of its object', async () => {
  const api = await stubApi(({ url }) => (url === '/a' ? { id: 1, name: 'n' } : { tags: ['t'] }));
  const sdl = `
    type Thing { id: ID! name: String tags: [String!] }
    type Query {
      thing: Thing
        @connect(source: "api", http: {GET: "/a"}, selection: "id name")
        @connect(source: "api", http: {GET: "/b"}, selection: "tags")
    }`;
  const source = restSource(api, sdl);
  expect((await ask(source, '{ thing { name tags } }')).data).toEqual({ thing: { name: 'n', tags: ['t'] } });
  api.calls.length = 0;
  expect((await ask(source, '{ thing { tags } }')).data).toEqual({ thing: { tags: ['t'] } });
  expect(api.lines()).toEqual(['GET /b']);
});

test('types behind an interface, distinguished by a field of the response', async () => {
  const api = await stubApi(() => [
    { kind: 'book', id: 1, pages: 3 },
    { kind: 'film', id: 2, minutes: 90 },
    { kind: 'song', id: 3 },
  ]);
  const sdl = `
    interface Item { id: ID! }
    type Book implements Item { id: ID! pages: Int }
    type Film implements Item { id: ID! minutes: Int }
    type Query {
      items: [Item]
        @connect(
          source: "api"
          http: {GET: "/items"}
          selection: """
          __typename: kind->match(["book", "Book"], ["film", "Film"])
          id
          pages
          minutes
          """
        )
    }`;
  const { data, errors } = await ask(
    restSource(api, sdl),
    '{ items { __typename id ... on Book { pages } ... on Film { minutes } } }',
  );
  expect(data?.items).toEqual([
    { __typename: 'Book', id: '1', pages: 3 },
    { __typename: 'Film', id: '2', minutes: 90 },
    null,
  ]);
  expect(errors).toHaveLength(1);
  expect(errors?.[0]).toMatchObject({ path: ['items', 2], extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE' } });
});

test('a field within an object that its entity gives is had by the look-up of the entity', async () => {
  const api = await stubApi(({ url }) =>
    url === '/list'
      ? [
          { id: 1, p: { x: 'x1' } },
          { id: 2, p: null },
        ]
      : { id: idOf(url), p: { x: 'other', y: 'y1' }, z: 'z1' },
  );
  const sdl = `
    type Query {
      a: [T] @connect(source: "api", http: {GET: "/list"}, selection: "id p { x }")
      t(id: ID!): T @connect(source: "api", http: {GET: "/t/{$args.id}"}, selection: "id p { x y } z", entity: true)
    }
    type T { id: ID! p: P z: String }
    type P { x: String y: String }`;
  const head = `extend schema @source(name: "api", http: {baseURL: "${api.url}"})`;
  const read = readSource({ name: 'shop', file: 'shop.graphql', text: `${head}\n${sdl}` }, {});
  expect('kind' in read && composeSupergraph([read])).toMatchObject({ ok: true });
  const source = restSource(api, sdl);
  expect(await ask(source, '{ a { id p { x } } }')).toMatchObject({ data: { a: [{ p: { x: 'x1' } }, { p: null }] } });
  expect(api.lines()).toEqual(['GET /list']);
  expect(await ask(source, '{ a { id p { x y } z } }')).toEqual({
    data: {
      a: [
        { id: '1', p: { x: 'x1', y: 'y1' }, z: 'z1' },
        { id: '2', p: null, z: 'z1' },
      ],
    },
  });
  expect(api.lines().slice(1).sort()).toEqual(['GET /list', 'GET /t/1', 'GET /t/2']);
});
