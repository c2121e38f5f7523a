import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createApiKey, formatApiKeyFile } from '../../src/policy/authentication/api-key-record.ts';
import { folderOf } from '../bff/support.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  products: {
    typeDefs: 'type Query { name: String slow: String } type Mutation { rename: String }',
    resolvers: { Query: { name: () => 'Chair' }, Mutation: { rename: () => 'Table' } },
  },
  reviews: { typeDefs: 'type Query { stars: Int }', resolvers: { Query: { stars: () => 5 } } },
};

const { key, record } = createApiKey({ owner: 'checkout', scopes: [] }, new Date());

interface Options {
  readonly adaptive?: Record<string, unknown>;
  readonly bff?: Readonly<Record<string, string>>;
}

/** A gateway for at most four requests at once, two of them without priority. `products` answers when the test says so. */
async function smallGateway({ adaptive, bff }: Options = {}) {
  const bffDir = bff && folderOf(bff);
  const world = await httpWorld(shop, {
    ...(bffDir === undefined ? {} : { bffDir }),
    timeout: '60s',
    config: {
      telemetry: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
      api_keys: { file: join(folderOf({ 'keys.json': formatApiKeyFile([record]) }), 'keys.json') },
      traffic_shaping: {
        router: {
          deduplicate_query: false,
          adaptive_concurrency: { min: 4, max: 4, priority: { share: '50%', clients: ['checkout'] }, ...adaptive },
        },
        all: { timeout: '60s', deduplicate_query: false },
      },
    },
  });
  const held: ServerResponse[] = [];
  world.behave('products', (_req, res) => void held.push(res));
  const answerAll = (data: object) => {
    for (const res of held.splice(0)) res.setHeader('content-type', 'application/json').end(JSON.stringify({ data }));
  };
  onTestFinished(() => {
    world.behave('products', undefined);
    answerAll({ name: 'Chair', slow: '', rename: 'Table' });
  });
  const ask = (query: string, headers: Record<string, string> = {}) => post(world.server.url, { query }, headers);
  const origin = new URL(world.server.url).origin;
  /** Two reads that wait for `products`. */
  const fill = async () => {
    const answers = [ask('{ name }'), ask('{ name }')];
    await vi.waitFor(() => expect(held.length).toBe(2));
    return answers;
  };
  const metrics = async () => (await fetch(world.server.metricsUrl ?? '')).text();
  return { ...world, origin, held, ask, fill, answerAll, metrics };
}

const OVERLOADED = {
  errors: [{ message: expect.stringContaining('overloaded'), extensions: { code: 'OVERLOADED', retryAfter: 1 } }],
};

describe('more requests in progress than the limit allows', () => {
  it('get 503 with Retry-After at once, and are served again when others have ended', async () => {
    const { ask, fill, answerAll, calls, metrics, lines } = await smallGateway();
    const answers = await fill();
    const refused = await ask('{ stars }');
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('cache-control')]).toEqual([
      ...[503, '1', 'no-store'],
    ]);
    expect(await refused.json()).toMatchObject(OVERLOADED);
    expect(calls.reviews).toBe(0);
    const text = await metrics();
    expect(text).toContain('headgate_concurrency_limit 4\n');
    expect(text).toContain('headgate_requests_in_progress 2\n');
    expect(text).toContain(
      'headgate_policy_refusals_total{policy="traffic_shaping",reason="adaptive_concurrency",mode="enforce"} 1\n',
    );
    expect(lines.filter(({ msg }) => msg.startsWith('overloaded'))).toMatchObject([
      { level: 'warn', limit: 4, running: 2 },
    ]);
    // not a line for each refused request
    expect(lines.filter(({ level, msg }) => level === 'error' && msg === 'request')).toEqual([]);
    answerAll({ name: 'Chair' });
    for (const answer of answers) expect(await (await answer).json()).toEqual({ data: { name: 'Chair' } });
    expect(await (await ask('{ stars }')).json()).toEqual({ data: { stars: 5 } });
    expect(await metrics()).toContain('headgate_requests_in_progress 0\n');
  });

  it('are refused last where they are mutations, or come from a client with priority', async () => {
    const { server, ask, fill, held } = await smallGateway();
    await fill();
    const statuses = async (...requests: Promise<Response>[]) =>
      (await Promise.all(requests)).map(({ status }) => status);
    // a read that only mentions the word, and a client that only names itself
    expect(
      await statuses(
        ask('{ stars } # mutation'),
        ask('{ stars }', { 'x-client-name': 'checkout', 'x-priority': 'high' }),
      ),
    ).toEqual([503, 503]);
    void post(server.url, { query: 'query A { name } mutation B { rename }', operationName: 'B' });
    void ask('{ slow }', { 'x-api-key': key });
    await vi.waitFor(() => expect(held.length).toBe(4));
    expect(await statuses(ask('mutation { rename }'), ask('{ stars }', { 'x-api-key': key }))).toEqual([503, 503]);
  });

  it('are refused as GET, too; health, GraphiQL and metrics are served', async () => {
    const { fill, origin, metrics } = await smallGateway();
    await fill();
    const get = (path: string, headers = {}) => fetch(`${origin}${path}`, { headers });
    expect((await get('/graphql?query={stars}')).status).toBe(503);
    for (const path of ['/health', '/ready']) expect((await get(path)).status).toBe(200);
    expect((await get('/graphql', { accept: 'text/html' })).status).toBe(200);
    expect(await metrics()).toContain('headgate_requests_in_progress 2\n');
  });

  it('free their places when their clients disconnect', async () => {
    const { server, held, metrics } = await smallGateway();
    const controllers = [new AbortController(), new AbortController()];
    for (const { signal } of controllers) {
      const body = JSON.stringify({ query: '{ name }' });
      void fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal }).catch(
        () => {},
      );
    }
    await vi.waitFor(() => expect(held.length).toBe(2));
    for (const controller of controllers) controller.abort();
    await vi.waitFor(async () => expect(await metrics()).toContain('headgate_requests_in_progress 0\n'));
  });
});

describe('endpoints', () => {
  const bff = {
    'web/stars.graphql': 'query Stars @endpoint(path: "/stars") { stars }',
    'web/rename.graphql': 'mutation Rename @endpoint(path: "/rename") { rename }',
    'web/all.graphql': 'query All @endpoint(path: "/all") { stars name @optional }',
  };

  it('count, too: a read gets a problem with Retry-After, a mutation is executed', async () => {
    const { fill, origin, held, lines } = await smallGateway({ bff });
    await fill();
    const refused = await fetch(`${origin}/bff/web/stars`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ type: 'urn:headgate:problem:overloaded', status: 503 });
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    const headers = { 'content-type': 'application/json' };
    void fetch(`${origin}/bff/web/rename`, { method: 'POST', headers, body: '{}' });
    await vi.waitFor(() => expect(held.length).toBe(3));
  });

  it('that are streamed count until their first event', async () => {
    const { origin, held, metrics, answerAll } = await smallGateway({ bff });
    const response = await fetch(`${origin}/bff/web/all`, { headers: { accept: 'text/event-stream' } });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('event: answer');
    await vi.waitFor(() => expect(held.length).toBe(1));
    expect(await metrics()).toContain('headgate_requests_in_progress 0\n');
    answerAll({ name: 'Chair' });
    await reader.cancel();
    expect(await metrics()).toContain('headgate_requests_in_progress 0\n');
  });
});

describe('the limit', () => {
  it('shrinks while the event loop has no pause, and grows afterwards', async () => {
    const adaptive = { min: 1, max: 1_000, target_delay: '1ms' };
    const { ask, held, metrics } = await smallGateway({ adaptive });
    const limit = async () => Number(/headgate_concurrency_limit (\d+)/.exec(await metrics())?.[1]);
    for (let n = 0; n < 10; n++) void ask('{ name }');
    await vi.waitFor(() => expect(held.length).toBe(10));
    expect(await limit()).toBe(1_000);
    let isBusy = true;
    const work = () => {
      const end = performance.now() + 30;
      while (performance.now() < end);
      if (isBusy) setImmediate(work);
    };
    work();
    let smallest = 1_000;
    await vi.waitFor(
      async () => {
        smallest = await limit();
        expect(smallest).toBeLessThan(10);
      },
      { timeout: 60_000 },
    );
    isBusy = false;
    await vi.waitFor(async () => expect(await limit()).toBeGreaterThan(smallest), { timeout: 60_000 });
  });

  it('is not there by default', async () => {
    const { metrics, ask } = await smallGateway({ adaptive: { enabled: false } });
    expect((await ask('{ stars }')).status).toBe(200);
    expect(await metrics()).not.toContain('headgate_concurrency_limit');
  });
});
