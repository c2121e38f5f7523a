import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../composition/folder.ts';
import { bearer, certificate, type Sent, startWithClients } from '../gateway/two-principals.ts';
import { stubApi } from '../sources/rest/stub-api.ts';

const ENDPOINTS = {
  'web/unsaid.graphql': 'query @endpoint(cache: {maxAge: "1m"}) { me }',
  'web/private.graphql': 'query @endpoint(cache: {maxAge: "1m", scope: PRIVATE}) { me }',
  'web/mine.graphql': 'query @endpoint(cache: {maxAge: "1m"}) { mine }',
  'web/entity.graphql': 'query @endpoint(cache: {maxAge: "1m"}) { thing { owner } }',
  'web/unkept.graphql': '{ me }',
};

/** A gateway with all caches before subgraphs that respond with one of the headers that they are sent. */
async function cachedFor(config: object) {
  const source = (named: string, answerOf: (who: string) => object) =>
    stubApi(({ headers }) => (response: ServerResponse) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: answerOf(String(headers[named] ?? 'nobody')) }));
    });
  const who = await source('x-who', (name) => ({ me: name, mine: name, thing: { id: '1' } }));
  const owners = await source('x-who', (name) => ({ _entities: [{ owner: name }] }));
  const link = '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
  const schemasDir = await folderWith({
    'who.graphql': `extend schema @subgraph(url: "${who.url}") ${link}
      type Query {
        me: String @cacheControl(maxAge: 60)
        mine: String @cacheControl(maxAge: 60, scope: PRIVATE)
        thing: Thing @cacheControl(maxAge: 60)
      }
      type Thing @key(fields: "id") @cacheControl(maxAge: 60) { id: ID! }`,
    'owners.graphql': `extend schema @subgraph(url: "${owners.url}") ${link}
      type Thing @key(fields: "id") @cacheControl(maxAge: 60) { id: ID! owner: String }`,
  });
  return startWithClients(schemasDir, ENDPOINTS, { response_cache: { enabled: true, jitter: '0%' }, ...config });
}

type World = Awaited<ReturnType<typeof cachedFor>>;

const QUERIES = ['{ me }', '{ mine }', '{ thing { owner } }'];

/** Asks for everything, in every way, and returns the texts of the responses: of HEAD requests, their entity tags. */
async function askAll({ send }: World, sent: Sent): Promise<string[]> {
  const texts: string[] = [];
  for (const query of QUERIES) {
    texts.push((await send('/graphql', sent, { query })).text);
    texts.push((await send(`/graphql?query=${encodeURIComponent(query)}`, sent)).text);
  }
  for (const name of Object.keys(ENDPOINTS)) {
    const path = `/bff/${name.replace('.graphql', '')}`;
    const { text, headers } = await send(path, sent);
    texts.push(text);
    const head = await send(path, sent, undefined, 'HEAD');
    expect([head.status, head.headers.etag, head.text]).toEqual([200, headers.etag, '']);
  }
  return texts;
}

/** Two clients ask one after the other, twice, so that each finds what the other has left in the caches. */
async function expectApart(world: World, ada: readonly [Sent, string], bob: readonly [Sent, string]) {
  for (const [sent, own, other] of [
    [ada[0], ada[1], bob[1]],
    [bob[0], bob[1], ada[1]],
    [ada[0], ada[1], bob[1]],
  ] as const) {
    for (const text of await askAll(world, sent)) {
      expect(text).toContain(`"${own}"`);
      expect(text).not.toContain(`"${other}"`);
    }
  }
}

/** A coprocessor that answers with what it makes of a message. */
async function coprocessor(
  answer: (message: Message) => void,
  stages: object,
): Promise<{ readonly coprocessor: object; readonly headers: object }> {
  const { url } = await stubApi(({ body }) => {
    const message = JSON.parse(body);
    answer(message);
    return message;
  });
  return {
    coprocessor: { url, timeout: '10s', ...stages },
    headers: { all: { request: [{ propagate: { named: 'x-who' } }] } },
  };
}

interface Message {
  readonly stage: string;
  readonly headers: Record<string, string[]>;
  readonly context: { readonly entries: Record<string, unknown> };
}

const PAGE = (page: string): Sent => ({ headers: { 'x-page': page, 'apollo-require-preflight': 'true' } });
const ALL = { headers: true, context: 'all' };

describe('two clients never share what is cached', () => {
  it('where client certificates tell them apart', async () => {
    const rules = [{ insert: { name: 'x-who', from_context: 'subject' } }];
    const world = await cachedFor({ headers: { all: { request: rules } } });
    await expectApart(world, [certificate('ada'), 'CN=ada'], [certificate('bob'), 'CN=bob']);
  });

  it('where a coprocessor writes a header from another one', async () => {
    const config = await coprocessor(
      (message) => {
        message.headers['x-who'] = message.headers['x-page'] as string[];
      },
      { router: { request: ALL } },
    );
    await expectApart(await cachedFor(config), [PAGE('ada'), 'ada'], [PAGE('bob'), 'bob']);
  });

  it('where a coprocessor writes a header of fetches from its context', async () => {
    const config = await coprocessor(
      ({ stage, headers, context }) => {
        if (stage === 'RouterRequest') context.entries.who = headers['x-page'];
        else headers['x-who'] = context.entries.who as string[];
      },
      { router: { request: ALL }, subgraph: { all: { request: ALL } } },
    );
    await expectApart(await cachedFor(config), [PAGE('ada'), 'ada'], [PAGE('bob'), 'bob']);
  });

  it('nor does one get 304 for the body of the other', async () => {
    const world = await cachedFor({
      headers: { all: { request: [{ insert: { name: 'x-who', from_claim: 'sub' } }] } },
    });
    const [ada, bob] = [await bearer('"sub":"ada"'), await bearer('"sub":"bob"')];
    for (const name of Object.keys(ENDPOINTS)) {
      const path = `/bff/${name.replace('.graphql', '')}`;
      const { etag = '' } = (await world.send(path, ada)).headers;
      const conditional = (sent: Sent) => ({ headers: { ...sent.headers, 'if-none-match': etag } });
      for (const method of ['GET', 'HEAD']) {
        expect((await world.send(path, conditional(ada), undefined, method)).status).toBe(304);
        const other = await world.send(path, conditional(bob), undefined, method);
        expect([other.status, other.headers.etag === etag]).toEqual([200, false]);
        if (method === 'GET') expect(other.text).toContain('"bob"');
      }
    }
  });
});
