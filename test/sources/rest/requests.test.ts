import { describe, expect, test } from 'vitest';
import type { RestSource } from '../../../src/sources/rest/rest-source.ts';
import { aClient, ask, NO_LIMITS, restSource, stubApi } from './stub-api.ts';

describe('methods and bodies', () => {
  const SDL = `
    input NewItem { name: String!, note: String, tags: [String!], size: Size }
    input Size { w: Int, h: Int }
    type Item { id: ID! name: String }
    type Query { x: Int @connect(source: "api", http: {GET: "/"}, selection: "$.x") }
    type Mutation {
      create(item: NewItem!): Item @connect(source: "api", http: {POST: "/items", body: "$args.item"}, selection: "id name")
      replace(id: ID!, name: String!): Item
        @connect(source: "api", http: {PUT: "/items/{$args.id}", body: "$({ name: $args.name, by: 'gateway' })"}, selection: "id name")
      rename(id: ID!, name: String!): Item
        @connect(source: "api", http: {PATCH: "/items/{$args.id}", body: "name: $args.name"}, selection: "id name")
      remove(id: ID!): Boolean @connect(source: "api", http: {DELETE: "/items/{$args.id}"}, selection: "$(true)")
      submit(item: NewItem!): Item
        @connect(
          source: "api"
          http: {
            POST: "/form"
            headers: [{name: "Content-Type", value: "application/x-www-form-urlencoded"}]
            body: "$args.item"
          }
          selection: "id"
        )
    }`;

  test.each([
    [
      'create(item: {name: "é", note: null, tags: ["a"]}) { id }',
      'POST /items',
      '{"name":"é","note":null,"tags":["a"]}',
    ],
    ['replace(id: "1", name: "x") { id }', 'PUT /items/1', '{"name":"x","by":"gateway"}'],
    ['rename(id: "1", name: "x") { id }', 'PATCH /items/1', '{"name":"x"}'],
    ['remove(id: "a/b")', 'DELETE /items/a%2Fb', ''],
    [
      'submit(item: {name: "a&b", tags: ["x", "y"], size: {w: 1}}) { id }',
      'POST /form',
      'name=a%26b&tags%5B0%5D=x&tags%5B1%5D=y&size%5Bw%5D=1',
    ],
  ])('%s', async (field, line, body) => {
    const api = await stubApi(({ method }) => (method === 'DELETE' ? (r: { end(): void }) => r.end() : { id: 1 }));
    const { errors } = await ask(restSource(api, SDL), `mutation { ${field} }`);
    expect(errors).toBeUndefined();
    expect(api.lines()).toEqual([line]);
    expect(api.calls[0]?.body).toBe(body);
  });

  test('an answer without a body', async () => {
    const api = await stubApi(() => (response: import('node:http').ServerResponse) => response.writeHead(204).end());
    const { data } = await ask(restSource(api, SDL), 'mutation { remove(id: "1") rename(id: "1", name: "x") { id } }');
    expect(data).toEqual({ remove: true, rename: null });
  });

  test('mutations are made one after the other, the same one twice', async () => {
    const api = await stubApi(() => ({ id: 1 }));
    await ask(
      restSource(api, SDL),
      'mutation { a: remove(id: "1") b: remove(id: "1") rename(id: "1", name: "x") { id } }',
    );
    expect(api.lines()).toEqual(['DELETE /items/1', 'DELETE /items/1', 'PATCH /items/1']);
  });
});

test('what was read before a mutation is read again after it', async () => {
  const api = await stubApi(({ method }) => ({ n: method }));
  const sdl = `
    type Query { n: String @connect(source: "api", http: {GET: "/n"}, selection: "$.n") }
    type Mutation { touch: String @connect(source: "api", http: {POST: "/n"}, selection: "$.n") }`;
  const [source, client] = [restSource(api, sdl), aClient()];
  for (const query of ['{ n }', '{ n }', 'mutation { touch }', '{ n }']) await ask(source, query, {}, client);
  expect(api.lines()).toEqual(['GET /n', 'POST /n', 'GET /n']);
});

describe('headers', () => {
  test("the client's, written ones, and the connector's before its source's", async () => {
    const api = await stubApi(() => ({}));
    const sdl = `
      extend schema @source(name: "secured", http: {
        baseURL: "${api.url}/v1/"
        headers: [
          {name: "Authorization", from: "authorization"}
          {name: "X-Key", value: "\${API_KEY}-{$config.region}-{$env.STAGE}"}
          {name: "X-Over", value: "source"}
          {name: "X-Absent", from: "x-absent"}
        ]
      })
      type Query {
        a(tag: String): Int @connect(
          source: "secured"
          http: {
            GET: "/a"
            headers: [{name: "x-over", value: "{$args.tag}"}, {name: "x-lang", value: "{$request.headers.'accept-language'->first}"}]
          }
          selection: "$.n"
        )
      }`;
    const env = { API_KEY: 'k1', STAGE: 'test' };
    const source = restSource(api, sdl, { env, settingsOf: () => ({ ...NO_LIMITS, config: { region: 'eu' } }) });
    const client = aClient({ authorization: 'Bearer t', 'accept-language': 'de' });
    await ask(source, '{ a(tag: "mine") }', {}, client);
    expect(api.calls[0]).toMatchObject({
      url: '/v1/a',
      headers: {
        authorization: 'Bearer t',
        'x-key': 'k1-eu-test',
        'x-over': 'mine',
        'x-lang': 'de',
        accept: 'application/json',
        'x-request-id': 'r1',
      },
    });
    expect(api.calls[0]?.headers).not.toHaveProperty('x-absent');
  });

  test("the client's headers in a URL", async () => {
    const api = await stubApi(() => ({}));
    const sdl = `type Query { a: Int @connect(source: "api", http: {GET: "/{$request.headers.'x-tenant'}/a"}, selection: "$.n") }`;
    await ask(restSource(api, sdl), '{ a }', {}, aClient({ 'x-tenant': 'a/b' }));
    expect(api.lines()).toEqual(['GET /a%2Fb/a']);
  });

  test("the client's headers in the query of a source, which keep two clients apart", async () => {
    const api = await stubApi(() => ({}));
    const sdl = `
      extend schema @source(name: "own", http: {baseURL: "${api.url}", queryParams: "tenant: $request.headers.'x-tenant'->first"})
      type Query { a: Int @connect(source: "own", http: {GET: "/a"}, selection: "$.n") }`;
    const source = restSource(api, sdl);
    for (const tenant of ['t1', 't2']) await ask(source, '{ a }', {}, aClient({ 'x-tenant': tenant }));
    expect(api.lines()).toEqual(['GET /a?tenant=t1', 'GET /a?tenant=t2']);
    const key = (tenant: string) =>
      (source as RestSource).separatesRequests?.(aClient({ 'x-tenant': tenant })).sharingKey;
    expect(key('t1')).not.toBe(key('t2'));
  });

  test('a value that would begin another header', async () => {
    const api = await stubApi(() => ({}));
    const sdl = `type Query { a(tag: String): Int @connect(source: "api", http: {GET: "/a", headers: [{name: "x-tag", value: "{$args.tag}"}]}, selection: "$.n") }`;
    const { errors } = await ask(restSource(api, sdl), 'query ($tag: String) { a(tag: $tag) }', { tag: 'x\r\ny: z' });
    expect(errors?.[0]?.message).toBe(
      'The request for Query.a cannot be built: The header "x-tag" has a character that is not allowed in headers.',
    );
    expect(api.calls).toEqual([]);
  });

  test('an unset variable is reported before anything is served', async () => {
    const api = await stubApi(() => ({}));
    const sdl = `extend schema @source(name: "b", http: {baseURL: "http://x", headers: [{name: "x-key", value: "\${NO_KEY}"}]})\ntype Query { a: Int @connect(source: "api", http: {GET: "/"}, selection: "$.a") }`;
    expect(() => restSource(api, sdl)).toThrow('UNSET_VARIABLE  The environment variable NO_KEY is not set.');
  });

  test('an unset variable that $env reads, unless something stands in for it', async () => {
    const api = await stubApi(() => 'done');
    const sdl = (value: string) =>
      `type Query { a: String @connect(source: "api", http: {GET: "/a", headers: [{name: "x-key", value: "{${value}}"}]}, selection: "$") }`;
    expect(() => restSource(api, sdl('$env.NO_KEY'))).toThrow(
      'UNSET_VARIABLE  The environment variable NO_KEY is not set.',
    );
    for (const value of ["$($env.NO_KEY ?? 'none')", '$env.NO_KEY?']) {
      expect(await ask(restSource(api, sdl(value)), '{ a }')).toEqual({ data: { a: 'done' } });
    }
    expect(api.calls.map(({ headers }) => headers['x-key'])).toEqual(['none', undefined]);
  });
});

describe('urls', () => {
  test('path and queryParams of source and connector, as lists and objects', async () => {
    const api = await stubApi(() => 'ok');
    const sdl = `
      extend schema @source(name: "json", http: {baseURL: "${api.url}", path: "$(['api', 'v1'])", queryParams: "q: $(1)"})
      type Query {
        f(req: String!, opt: String, repeated: [Int]): String
          @connect(
            source: "json"
            http: {GET: "/users?x=1", path: "$([$args.req, $args.opt])", queryParams: "repeated: $args.repeated none: $args.opt"}
            selection: "$"
          )
      }`;
    const source = restSource(api, sdl);
    await ask(source, '{ f(req: "a/b", repeated: [1, 2]) }');
    await ask(source, '{ f(req: "a", opt: "é") }');
    expect(api.lines()).toEqual([
      'GET /api/v1/users/a%2Fb?q=1&x=1&repeated=1&repeated=2',
      'GET /api/v1/users/a/%C3%A9?q=1&x=1&none=%C3%A9',
    ]);
  });

  test('a base with a path and a query, and a whole URL without a source', async () => {
    const api = await stubApi(() => ({ n: 1 }));
    const sdl = `
      extend schema @source(name: "based", http: {baseURL: "${api.url}/v2/?key=1"})
      type Query {
        a: Int @connect(source: "based", http: {GET: "/a"}, selection: "$.n")
        b: Int @connect(source: "based", http: {GET: "b/?x=2"}, selection: "$.n")
        c: Int @connect(http: {GET: "${api.url}/c"}, selection: "$.n")
      }`;
    await ask(restSource(api, sdl), '{ a b c }');
    expect(api.lines().sort()).toEqual(['GET /c', 'GET /v2/a?key=1', 'GET /v2/b/?key=1&x=2']);
  });

  test('no value leads out of the path that it stands in, and none is sent that would', async () => {
    const api = await stubApi(() => ({ n: 1 }));
    const sdl = `
      extend schema @source(name: "based", http: {baseURL: "${api.url}/tenants/{$config.tenant}", path: "$($config.below)"})
      type Query {
        a(id: String!): Int @connect(source: "based", http: {GET: "/a/{$args.id}"}, selection: "$.n")
        b(id: String!): Int @connect(source: "based", http: {GET: "/b", path: "$(['x', $args.id])"}, selection: "$.n")
        q(id: String!): Int @connect(source: "based", http: {GET: "/q?id={$args.id}"}, selection: "$.n")
      }`;
    const ofTenant = (tenant: string, below: unknown = ['v1']) =>
      restSource(api, sdl, { settingsOf: () => ({ ...NO_LIMITS, config: { tenant, below } }) });
    const query = 'query ($id: String!) { a(id: $id) b(id: $id) q(id: $id) }';
    for (const id of ['..', '%2e%2e', '../../admin', '..%2f..%2fadmin', '..\\admin', '/']) {
      const { data, errors } = await ask(ofTenant('t1'), query, { id });
      expect([id, data]).toEqual([id, { a: null, b: null, q: 1 }]);
      expect(errors?.map(({ path }) => path)).toEqual([['a'], ['b']]);
    }
    expect(api.calls.every(({ url }) => url.startsWith('/tenants/t1/v1/q?id='))).toBe(true);
    const before = api.calls.length;
    for (const [tenant, below] of [['..'], ['%2e.'], ['t1', ['..']], ['t1', ['a', '..%2Fx']]] as const)
      expect((await ask(ofTenant(tenant, below), '{ q(id: "1") }')).data).toEqual({ q: null });
    expect(api.calls.length).toBe(before);
  });

  test('override_url takes precedence over baseURL', async () => {
    const api = await stubApi(() => ({ n: 1 }));
    const sdl = `extend schema @source(name: "far", http: {baseURL: "http://192.0.2.1/v1"})
      type Query { a: Int @connect(source: "far", http: {GET: "/a"}, selection: "$.n") }`;
    const settingsOf = (name: string | undefined) => ({
      ...NO_LIMITS,
      overrideUrl: name === 'far' ? `${api.url}/v9` : undefined,
    });
    expect((await ask(restSource(api, sdl, { settingsOf }), '{ a }')).data).toEqual({ a: 1 });
    expect(api.lines()).toEqual(['GET /v9/a']);
  });
});

test('arguments with defaults, variables and enums', async () => {
  const api = await stubApi(({ url }) => ({ url }));
  const sdl = `
    enum Order { NEW OLD }
    type Query { find(q: String!, order: Order = NEW, first: Int = 10): String @connect(source: "api", http: {GET: "/find?q={$args.q}&order={$args.order->match(['NEW', 'desc'], ['OLD', 'asc'])}&n={$args.first}"}, selection: "$.url") }`;
  const source = restSource(api, sdl);
  const query = 'query ($q: String!) { a: find(q: $q) b: find(q: "x", order: OLD, first: 2) }';
  expect((await ask(source, query, { q: 'ü' })).data).toEqual({
    a: '/find?q=%C3%BC&order=desc&n=10',
    b: '/find?q=x&order=asc&n=2',
  });
});
