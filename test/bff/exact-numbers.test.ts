import { CompactSign } from 'jose';
import { describe, expect, test } from 'vitest';
import { httpWorld } from '../gateway/http-world.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';
import { folderOf } from './support.ts';

const TYPE_DEFS = `
  scalar Long scalar JSON
  type Query { thing(seq: Long, ratio: Float, id: ID, filter: Filter, tenant: Long): Thing }
  type Mutation { order(seq: Long): Thing }
  input Filter { seq: Long = 9007199254740993 ids: [ID!] ratio: Float }
  type Thing { id: ID seq: Long total: Long json: JSON ratio: Float part: Part }
  type Part { seq: Long total: Long }`;

const THING =
  '"id":12345678901234567890,"seq":9007199254740993,"total":1.10,"json":{"a":[1e400,-0,1.0]},"ratio":0.10000000000000000555,"part":{"seq":9007199254740993,"total":1.0}';
/** The same as the gateway answers it. */
const SHOWN = THING.replace('12345678901234567890', '"12345678901234567890"');
const FIELDS = 'id seq total json ratio part { seq total }';

/** The gateway with these endpoints, before a subgraph that answers a text; `received` has what that was asked, as text. */
async function gateway(
  files: Record<string, string>,
  { config, text = `{"data":{"thing":{${THING}}}}` }: { config?: Record<string, unknown>; text?: string } = {},
) {
  const world = await httpWorld(
    { things: { typeDefs: TYPE_DEFS } },
    { bffDir: folderOf(files), ...(config && { config }) },
  );
  const received: string[] = [];
  const headers: Record<string, unknown>[] = [];
  world.behave('things', async (req, res) => {
    received.push(await bodyOf(req));
    headers.push(req.headers);
    res.writeHead(200, { 'content-type': 'application/json' }).end(text);
  });
  const call = async (path: string, init?: RequestInit) => {
    const response = await fetch(new URL(path, world.server.url), init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { call, received, headers };
}

const post = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

describe('answers', () => {
  test('as the graph gives them, and with something moved in them', async () => {
    const { call } = await gateway({
      'web/plain.graphql': `{ thing { ${FIELDS} } }`,
      'web/flat.graphql': `{ thing @flatten { ${FIELDS} } }`,
      'web/deep.graphql': `{ thing { seq part @flatten { partSeq: seq partTotal: total } json } }`,
    });
    expect((await call('/bff/web/plain')).text).toBe(`{"thing":{${SHOWN}}}`);
    expect((await call('/bff/web/flat')).text).toBe(`{${SHOWN}}`);
  });

  test('with a section that failed, and its fallback', async () => {
    const { call } = await gateway(
      {
        'web/x.graphql':
          '{ thing { seq total: total @optional(fallback: 12345678901234567890) id @optional(fallback: 1.10) } }',
      },
      {
        text: '{"data":{"thing":{"seq":9007199254740993,"total":null,"id":null}},"errors":[{"message":"a","path":["thing","total"]},{"message":"b","path":["thing","id"]}]}',
      },
    );
    const { text } = await call('/bff/web/x');
    expect(text).toMatch(/^\{"thing":\{"seq":9007199254740993,"total":12345678901234567890,"id":1\.10\},"meta":/);
  });

  test('piece by piece', async () => {
    const { call } = await gateway(
      { 'web/x.graphql': `{ thing { seq } more: thing @optional { ${FIELDS} } }` },
      {
        text: `{"data":{"thing":{${THING}},"more":{${THING}}}}`,
      },
    );
    const { text } = await call('/bff/web/x', { headers: { accept: 'text/event-stream' } });
    expect(text).toContain('event: answer\ndata: {"thing":{"seq":9007199254740993}}');
    expect(text).toContain(`event: section\ndata: {"path":["more"],"data":{${SHOWN}}}`);
  });

  test('a shape gets plain numbers, and texts where these would be others', async () => {
    const { call } = await gateway({
      'web/x.graphql': `query ($seq: Long = 9007199254740993) { thing(seq: $seq) { ${FIELDS} } }`,
      'web/x.ts': `export default ({ thing }, { variables }) => ({ thing, kinds: [typeof thing.seq, typeof thing.total], sum: thing.total + 1, variables });`,
    });
    expect(JSON.parse((await call('/bff/web/x')).text)).toEqual({
      thing: {
        id: '12345678901234567890',
        seq: '9007199254740993',
        total: 1.1,
        json: { a: ['1e400', 0, 1] },
        ratio: '0.10000000000000000555',
        part: { seq: '9007199254740993', total: 1 },
      },
      kinds: ['string', 'number'],
      sum: 2.1,
      variables: { seq: '9007199254740993' },
    });
  });

  test('from the cache, with the same ETag', async () => {
    const { call, received } = await gateway({
      'web/x.graphql': `query @endpoint(cache: {maxAge: 60}) { thing { ${FIELDS} } }`,
    });
    const [first, second] = [await call('/bff/web/x'), await call('/bff/web/x')];
    expect([first.text, second.text]).toEqual([`{"thing":{${SHOWN}}}`, `{"thing":{${SHOWN}}}`]);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(received).toHaveLength(1);
  });

  test.skipIf(!HAS_REDIS)('from Redis', async () => {
    const redis = await startRedis();
    try {
      const config = { bff: { redis: true }, store: { redis: { url: redis.url } } };
      const files = {
        'web/x.graphql': `query @endpoint(cache: {maxAge: 60}) { thing { ${FIELDS} } }`,
        'web/order.graphql': 'mutation ($seq: Long) @endpoint(idempotency: {}) { order(seq: $seq) { seq total } }',
      };
      const { call, received } = await gateway(files, {
        config,
        text: `{"data":{"thing":{${THING}},"order":{${THING}}}}`,
      });
      for (let time = 0; time < 2; time++) expect((await call('/bff/web/x')).text).toBe(`{"thing":{${SHOWN}}}`);
      const init = post('{"seq":9007199254740993}', { 'idempotency-key': 'k1' });
      for (let time = 0; time < 2; time++) {
        expect((await call('/bff/web/order', init)).text).toBe('{"order":{"seq":9007199254740993,"total":1.10}}');
      }
      expect(received).toHaveLength(2);
    } finally {
      await redis.close();
    }
  });
});

describe('parameters', () => {
  const ENDPOINT = {
    'web/x.graphql':
      'query ($seq: Long, $ratio: Float, $id: ID, $filter: Filter) { thing(seq: $seq, ratio: $ratio, id: $id, filter: $filter) { seq } }',
    'web/body.graphql':
      'query ($seq: Long, $ratio: Float, $id: ID, $filter: Filter) @endpoint(method: POST) { thing(seq: $seq, ratio: $ratio, id: $id, filter: $filter) { seq } }',
    'web/path.graphql':
      'query ($id: ID!, $ratio: Float @from(header: "x-ratio")) @endpoint(path: "/path/:id") { thing(id: $id, ratio: $ratio) { seq } }',
    'web/fixed.graphql':
      'query ($seq: Long = 9007199254740993, $filter: Filter = { ids: [12345678901234567890] }) { thing(seq: $seq, filter: $filter, tenant: 12345678901234567890, ratio: 1.10) { seq } }',
  };

  test('of a URL and of headers', async () => {
    const { call, received } = await gateway(ENDPOINT);
    const filter = encodeURIComponent('{"seq":12345678901234567890,"ids":[9007199254740993],"ratio":1.10}');
    await call(`/bff/web/x?ratio=0.10000000000000000555&id=9007199254740993&filter=${filter}`);
    expect(received[0]).toContain(
      '"variables":{"ratio":0.10000000000000000555,"id":"9007199254740993","filter":{"seq":12345678901234567890,"ids":["9007199254740993"],"ratio":1.10}}',
    );
    await call('/bff/web/path/9007199254740993', { headers: { 'x-ratio': '1.10' } });
    expect(received[1]).toContain('"id":"9007199254740993"');
    expect(received[1]).toContain('"ratio":1.10');
  });

  test('of a body', async () => {
    const { call, received } = await gateway(ENDPOINT);
    await call(
      '/bff/web/body',
      post('{"seq":9007199254740993,"ratio":1.10,"id":12345678901234567890,"filter":{"ids":[9007199254740993]}}'),
    );
    expect(received[0]).toContain(
      '"variables":{"seq":9007199254740993,"ratio":1.10,"id":"12345678901234567890","filter":{"ids":["9007199254740993"],"seq":9007199254740993}}',
    );
  });

  test('literals and defaults of the document', async () => {
    const { call, received } = await gateway(ENDPOINT);
    await call('/bff/web/fixed');
    for (const part of [
      '"seq":9007199254740993',
      '"filter":{"ids":["12345678901234567890"],"seq":9007199254740993}',
      'tenant:12345678901234567890',
      'ratio:1.10',
    ]) {
      expect(received[0]).toContain(part);
    }
  });

  test('that are not of their type, or not in range', async () => {
    const { call, received } = await gateway({
      ...ENDPOINT,
      'web/range.graphql': 'query ($ratio: Float @range(min: 0, max: 1)) { thing(ratio: $ratio) { seq } }',
      'web/long.graphql':
        'query ($ratio: Float @range(min: 9007199254740993, max: 9007199254740995)) { thing(ratio: $ratio) { seq } }',
    });
    const refused = await call('/bff/web/body', post('{"ratio":1e400,"id":1.5,"filter":9007199254740993}'));
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('"given":1e400');
    expect(refused.text).toContain('"given":9007199254740993');
    expect((await call('/bff/web/x?ratio=1e400')).status).toBe(400);
    expect((await call('/bff/web/range?ratio=1.00000000000000000001')).status).toBe(400);
    expect((await call('/bff/web/range?ratio=1.0')).status).toBe(200);
    const long = await call('/bff/web/long?ratio=9007199254740992');
    expect(long.status).toBe(400);
    expect(long.text).toContain('from 9007199254740993 to 9007199254740995');
    expect((await call('/bff/web/long?ratio=9007199254740996')).status).toBe(400);
    expect((await call('/bff/web/long?ratio=9007199254740995')).status).toBe(200);
    const { paths } = JSON.parse((await call('/bff/openapi.json')).text.replaceAll(/:(90071\d+)/g, ':"$1"'));
    expect(paths['/bff/web/long'].get.parameters[0].schema).toMatchObject({
      minimum: '9007199254740993',
      maximum: '9007199254740995',
    });
    expect(received).toHaveLength(2);
  });

  test('neighbours are two in the cache and for idempotency keys', async () => {
    const { call, received } = await gateway(
      {
        'web/x.graphql': 'query ($ratio: Float) @endpoint(cache: {maxAge: 60}) { thing(ratio: $ratio) { seq } }',
        'web/order.graphql': 'mutation ($seq: Long) @endpoint(idempotency: {}) { order(seq: $seq) { seq } }',
      },
      { text: `{"data":{"thing":{${THING}},"order":{${THING}}}}` },
    );
    for (const ratio of ['9007199254740993', '9007199254740992', '9007199254740993'])
      await call(`/bff/web/x?ratio=${ratio}`);
    expect(received).toHaveLength(2);
    const order = (seq: string) => call('/bff/web/order', post(`{"seq":${seq}}`, { 'idempotency-key': 'k1' }));
    const answers = [await order('9007199254740993'), await order('9007199254740993'), await order('9007199254740992')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 422]);
    expect(answers[1]?.text).toBe('{"order":{"seq":9007199254740993}}');
  });

  test('in the documentation', async () => {
    const { call } = await gateway({
      ...ENDPOINT,
      'web/doc.graphql':
        '# Does it.\n#     POST /bff/web/doc {"seq": 9007199254740993}\nmutation ($seq: Long = 12345678901234567890) { order(seq: $seq) { seq part @optional(fallback: 1.10) { seq } } }',
    });
    const { text } = await call('/bff/openapi.json');
    for (const part of [
      '"default":12345678901234567890',
      '"example":{"seq":9007199254740993}',
      '{"const":1.10}',
      '"default":9007199254740993',
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe('claims', () => {
  const SECRET = 'a secret that is long enough for HS256, and then some';
  const authentication = { router: { jwt: { jwks: [{ secret: SECRET, algorithms: ['HS256'] }] } } };

  /** A token with claims that are written as they are here. */
  async function bearer(claims: string): Promise<RequestInit> {
    const payload = `{"sub":"ann","exp":${Math.floor(Date.now() / 1_000) + 300}.0,${claims}}`;
    const token = await new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(SECRET));
    return { headers: { authorization: `Bearer ${token}` } };
  }

  test('become variables, headers and keys of limits, and what a shape sees', async () => {
    const { call, received, headers } = await gateway(
      {
        'web/x.graphql': 'query ($tenant: Long! @from(claim: "org.tenant")) { thing(tenant: $tenant) { seq } }',
        'web/y.graphql': '{ thing { seq } }',
        'web/y.ts': 'export default (_, { identity }) => identity.claims.org;',
      },
      {
        config: {
          authentication,
          headers: { all: { request: [{ insert: { name: 'x-tenant', from_claim: 'org.tenant' } }] } },
          rate_limits: { requests: [{ limit: 1, window: '1h', by: ['claim:tenant'] }] },
        },
      },
    );
    const tenant = (number: string) => bearer(`"tenant":${number},"org":{"tenant":${number},"level":1.0}`);
    const [one, neighbour, again] = [
      await call('/bff/web/x', await tenant('9007199254740993')),
      await call('/bff/web/x', await tenant('9007199254740992')),
      await call('/bff/web/x', await tenant('9007199254740993.0')),
    ];
    expect([one.status, neighbour.status, again.status]).toEqual([200, 200, 429]);
    expect(received[0]).toContain('"tenant":9007199254740993}');
    expect(headers[0]?.['x-tenant']).toBe('9007199254740993');
    const shaped = await call('/bff/web/y', await tenant('12345678901234567891'));
    expect(shaped.text).toBe('{"tenant":"12345678901234567891","level":1}');
  });

  test('of a token that only the provider can read', async () => {
    const provider = await fakeSubgraph((_, res) => {
      const claims = '"tenant":9007199254740993,"level":1.10';
      res.writeHead(200, { 'content-type': 'application/json' }).end(`{"active":true,"sub":"ann",${claims}}`);
    });
    const { call, received, headers } = await gateway(
      { 'web/x.graphql': 'query ($tenant: Long! @from(claim: "tenant")) { thing(tenant: $tenant) { seq } }' },
      {
        config: {
          introspection_endpoints: [{ url: provider.url, client_id: 'gateway' }],
          headers: { all: { request: [{ insert: { name: 'x-level', from_claim: 'level' } }] } },
        },
      },
    );
    await call('/bff/web/x', { headers: { authorization: 'Bearer opaque' } });
    expect(received[0]).toContain('"tenant":9007199254740993}');
    expect(headers[0]?.['x-level']).toBe('1.10');
  });
});
