import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { readConfigFile } from '../../../src/config/config-file.ts';
import { apiSettings, connectorsSection } from '../../../src/config/sections/connectors.ts';
import { ApiCache } from '../../../src/sources/rest/cache/api-cache.ts';
import { memoryCacheStore } from '../../../src/sources/rest/cache/cache-store.ts';
import type { Source, SubgraphResponse } from '../../../src/sources/source.ts';
import { responseText } from '../response-text.ts';
import { aClient, restSource, stubApi, text } from './stub-api.ts';

const raw = (body: string) => text(200, 'application/json', body);

/** What the source answers, as text; `variables` is JSON text, too. */
async function send(source: Source, query: string, variables = '{}'): Promise<string> {
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
  const operationType = query.startsWith('mutation') ? 'mutation' : 'query';
  const answer = await new Promise<SubgraphResponse>((done) =>
    source.send({ body, operationType, client: aClient() }, done),
  );
  return responseText(answer);
}

const NUMBERS = ['9007199254740993', '12345678901234567890', '0.10000000000000000555', '1.10', '1.0', '1e400', '-0'];

describe('answers of an API', () => {
  test.each(NUMBERS)('%s of a scalar that is not built in, also within an object', async (number) => {
    const api = await stubApi(() => raw(`{"seq":${number},"json":{"a":[${number}]}}`));
    const source = restSource(
      api,
      `scalar Long scalar JSON
       type Query { thing: Thing @connect(source: "api", http: {GET: "/"}, selection: "seq json") }
       type Thing { seq: Long json: JSON }`,
    );
    expect(await send(source, '{ thing { seq json } }')).toBe(
      `{"data":{"thing":{"seq":${number},"json":{"a":[${number}]}}}}`,
    );
  });

  test('scalars that are built in', async () => {
    const api = await stubApi(() =>
      raw('{"id":9007199254740993,"id2":1.0,"price":0.10000000000000000555,"f":1.0,"n":5.0,"s":1.10}'),
    );
    const source = restSource(
      api,
      `type Query { thing: Thing @connect(source: "api", http: {GET: "/"}, selection: "id id2 price f n s") }
       type Thing { id: ID id2: ID price: Float f: Float n: Int s: String }`,
    );
    expect(await send(source, '{ thing { id id2 price f n s } }')).toBe(
      '{"data":{"thing":{"id":"9007199254740993","id2":"1","price":0.10000000000000000555,"f":1.0,"n":5,"s":"1.10"}}}',
    );
  });

  test('numbers that are not of the type are errors still', async () => {
    const api = await stubApi(() => raw('{"n":9007199254740993,"f":1e400,"id":0.10,"o":9007199254740993}'));
    const source = restSource(
      api,
      `type Query { thing: Thing @connect(source: "api", http: {GET: "/"}, selection: "n f id o { x }") }
       type Thing { n: Int f: Float id: ID o: Inner } type Inner { x: Int }`,
    );
    const { data, errors } = JSON.parse(await send(source, '{ thing { n f id o { x } } }'));
    expect(data).toEqual({ thing: { n: null, f: null, id: null, o: null } });
    expect(errors.map(({ path }: { path: string[] }) => path[1]).sort()).toEqual(['f', 'id', 'n', 'o']);
  });

  test('what an error says', async () => {
    const api = await stubApi(() => text(400, 'application/json', '{"seq":9007199254740993,"why":1.10}'));
    const source = restSource(
      api,
      `type Query { n: Int @connect(source: "api", http: {GET: "/"}, selection: "n", errors: {extensions: "seq why"}) }`,
    );
    expect(await send(source, '{ n }')).toContain('"seq":9007199254740993,"why":1.10');
  });
});

describe('requests of an API', () => {
  const SDL = `
    scalar Long
    input Filter { seq: Long price: Float from: Long = 9007199254740993 }
    type Query {
      get(seq: Long, price: Float = 0.10000000000000000555): Int
        @connect(source: "api", http: {GET: "/get/{$args.seq}?price={$args.price}&fixed={$(12345678901234567890)}&same={$(1.50)}"}, selection: "n")
      query(seq: Long): Int
        @connect(source: "api", http: {GET: "/q", queryParams: "seq: $args.seq other: $([9007199254740993, 1.10])"}, selection: "n")
    }
    type Mutation {
      post(filter: Filter): Int @connect(source: "api", http: {POST: "/post", body: "filter: $args.filter fixed: $(12345678901234567890)"}, selection: "n")
      form(seq: Long): Int @connect(source: "api", http: {POST: "/form", body: "seq: $args.seq", headers: [{name: "content-type", value: "application/x-www-form-urlencoded"}]}, selection: "n")
    }`;

  test('URLs: literals of the query, variables, defaults, literals of the connector', async () => {
    const api = await stubApi(() => ({ n: 1 }));
    const source = restSource(api, SDL);
    await send(source, '{ get(seq: 9007199254740993) }');
    await send(source, 'query($s: Long, $p: Float) { get(seq: $s, price: $p) }', '{"s":12345678901234567890,"p":1.10}');
    await send(source, '{ query(seq: 1e400) }');
    expect(api.lines()).toEqual([
      'GET /get/9007199254740993?price=0.10000000000000000555&fixed=12345678901234567890&same=1.50',
      'GET /get/12345678901234567890?price=1.10&fixed=12345678901234567890&same=1.50',
      'GET /q?seq=1e400&other=9007199254740993&other=1.10',
    ]);
  });

  test('bodies', async () => {
    const api = await stubApi(() => ({ n: 1 }));
    const source = restSource(api, SDL);
    await send(source, 'mutation { post(filter: {seq: 9007199254740993, price: 1.10}) }');
    await send(source, 'mutation($f: Filter) { post(filter: $f) }', '{"f":{"seq":12345678901234567890,"price":1.10}}');
    await send(source, 'mutation { form(seq: 9007199254740993) }');
    expect(api.calls.map(({ body }) => body)).toEqual([
      '{"filter":{"seq":9007199254740993,"price":1.10,"from":9007199254740993},"fixed":12345678901234567890}',
      '{"filter":{"seq":12345678901234567890,"price":1.10,"from":9007199254740993},"fixed":12345678901234567890}',
      'seq=9007199254740993',
    ]);
  });
});

describe('keys of entities', () => {
  const ENTITIES = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Item { name } } }';
  const representations = (ids: readonly string[]) => `{"r":[${ids.map((id) => `{"__typename":"Item","id":${id}}`)}]}`;

  test('each is asked for by its digits, and neighbours are two', async () => {
    const api = await stubApi(({ url }) => ({ id: url.slice(1), name: url.slice(1) }));
    const source = restSource(
      api,
      `scalar Long type Query { x: Int }
       type Item @connect(source: "api", http: {GET: "/{$this.id}"}, selection: "name") { id: Long name: String }`,
    );
    const ids = ['9007199254740993', '9007199254740992', '9007199254740993'];
    expect(await send(source, ENTITIES, representations(ids))).toBe(
      `{"data":{"_entities":[${ids.map((id) => `{"name":"${id}"}`)}]}}`,
    );
    expect(api.calls).toHaveLength(2);
  });

  test('a batch finds them by value, as number or as text', async () => {
    const api = await stubApi(() =>
      raw('[{"id":9007199254740993,"name":"c"},{"id":"9007199254740992","name":"b"},{"id":1.0,"name":"a"}]'),
    );
    const source = restSource(
      api,
      `scalar Long type Query { x: Int }
       type Item @connect(source: "api", http: {POST: "/", body: "ids: $batch.id"}, selection: "id name") { id: Long name: String }`,
    );
    const ids = ['1', '9007199254740992', '"9007199254740993"'];
    expect(await send(source, ENTITIES, representations(ids))).toBe(
      '{"data":{"_entities":[{"name":"a"},{"name":"b"},{"name":"c"}]}}',
    );
    expect(api.calls[0]?.body).toBe('{"ids":[1,9007199254740992,"9007199254740993"]}');
  });
});

test('an answer from the cache has the same digits', async () => {
  const api = await stubApi(() => (response: ServerResponse) => {
    response.writeHead(200, { 'cache-control': 'max-age=60' }).end('{"seq":9007199254740993}');
  });
  const settings = apiSettings(connectorsSection.parse({ cache: { enabled: true } }), 'shop', 'api');
  const source = restSource(
    api,
    'scalar Long type Query { seq: Long @connect(source: "api", http: {GET: "/"}, selection: "$.seq") }',
    { settingsOf: () => settings, cache: new ApiCache(memoryCacheStore(100_000)) },
  );
  for (let time = 0; time < 2; time++) expect(await send(source, '{ seq }')).toBe('{"data":{"seq":9007199254740993}}');
  expect(api.calls).toHaveLength(1);
});

test('values of $config', async () => {
  const yaml = `
connectors:
  subgraphs:
    shop:
      $config:
        tenant: 9007199254740993
        version: 1.10
        fromEnv: \${TENANT}
        list: [12345678901234567890]
        small: 7
        text: "1.10"`;
  const read = readConfigFile('headgate.yaml', yaml, { TENANT: '12345678901234567890' });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  const settings = apiSettings(read.config.connectors, 'shop', 'api');
  const api = await stubApi(() => ({ n: 1 }));
  const source = restSource(
    api,
    'type Query { n: Int @connect(source: "api", http: {POST: "/{$config.tenant}", body: "$config"}, selection: "n") }',
    { settingsOf: () => settings },
  );
  await send(source, '{ n }');
  expect(api.calls[0]?.url).toBe('/9007199254740993');
  expect(api.calls[0]?.body).toBe(
    '{"tenant":9007199254740993,"version":1.10,"fromEnv":12345678901234567890,"list":[12345678901234567890],"small":7,"text":"1.10"}',
  );
});
