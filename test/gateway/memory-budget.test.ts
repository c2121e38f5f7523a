import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LONG_RESPONSE } from '../../src/executor/memory-budget.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const LONG = 'x'.repeat(LONG_RESPONSE);
const shop = {
  products: {
    typeDefs:
      'type Query { product: Product hello: String } type Mutation { add: Product } type Product @key(fields: "id") { id: ID! text: String }',
    resolvers: {
      Query: { product: () => ({ id: 'p1', text: LONG }), hello: () => 'hello' },
      Mutation: { add: () => ({ id: 'p1', text: LONG }) },
    },
  },
  slow: { typeDefs: 'type Query { slow: String }', resolvers: { Query: { slow: () => 'at last' } } },
  stock: {
    typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int }',
    resolvers: { Product: { __resolveReference: ({ id }: { id: string }) => ({ id, inStock: 7 }) } },
  },
};

interface Answer extends Record<string, unknown> {
  readonly status: number;
  readonly headers: Headers;
}

/** Requests to `stock` stay open until they are let go: what is in memory for them stays there. */
async function busyShop(maxAnswers: number, options: { bffDir?: string; config?: Record<string, unknown> } = {}) {
  const { bffDir } = options;
  const router = { deduplicate_query: false, max_response_characters: maxAnswers };
  const telemetry = { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } };
  const traffic = { router, all: { timeout: '20s', deduplicate_query: false } };
  const config = { telemetry, traffic_shaping: traffic, ...options.config };
  const world = await httpWorld(shop, { config, ...(bffDir === undefined ? {} : { bffDir }) });
  const open: (() => void)[] = [];
  world.behave('stock', (_req, res) => {
    open.push(() => void res.end('{"data":{"_entities":[{"inStock":7}]}}'));
  });
  const letGo = () => {
    for (const end of open.splice(0)) end();
  };
  const until = async (met: () => boolean) => {
    for (let turn = 0; !met(); turn++) {
      if (turn === 20_000) throw new Error(`not met in time: ${met}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const ask = async (n: number): Promise<Answer> => {
    const response = await post(world.server.url, { query: `{ p${n}: product { text inStock } }` });
    return { ...(await response.json()), status: response.status, headers: response.headers };
  };
  /** Of five one is in, three wait, 2.5 times as much as may be in, and one is refused: from then on every long one is. */
  const fill = async () => {
    let refused: Answer | undefined;
    const answers = [0, 1, 2, 3, 4].map(ask);
    for (const answer of answers) {
      void answer.then((settled) => {
        if (settled.status === 503) refused = settled;
      });
    }
    await until(() => refused !== undefined && open.length === 1);
    const end = async () => {
      for (let turn = 1; turn <= 4; turn++) {
        await until(() => open.length > 0);
        letGo();
      }
    };
    return { refused, answers, end };
  };
  const isLogged = () => world.lines.some(({ msg }) => String(msg).includes('wait for memory'));
  return { ...world, open, letGo, until, ask, fill, isLogged };
}

function folderWith(endpoint: string): string {
  const bffDir = mkdtempSync(join(tmpdir(), 'headgate-memory-'));
  onTestFinished(() => rmSync(bffDir, { recursive: true, force: true }));
  mkdirSync(join(bffDir, 'web'));
  writeFileSync(join(bffDir, 'web/product.graphql'), endpoint);
  return bffDir;
}

const whole = (n: number) => ({ status: 200, data: { [`p${n}`]: { text: LONG, inStock: 7 } } });

describe('more long answers than there is memory for', () => {
  it('wait for their turn, and all are answered; short ones pass by', async () => {
    const { server, calls, open, letGo, until, ask, lines } = await busyShop(LONG_RESPONSE * 1.5);
    const answers = [ask(1), ask(2), ask(3)];
    await until(() => calls.products === 3);
    await until(() => open.length === 1);
    const short = await post(server.url, { query: '{ hello }' });
    expect(await short.json()).toEqual({ data: { hello: 'hello' } });
    // only one of the three goes on to the next subgraph
    for (let turn = 1; turn <= 3; turn++) {
      await until(() => open.length > 0);
      expect(open).toHaveLength(1);
      expect(calls.stock).toBe(turn);
      letGo();
    }
    const settled = await Promise.all(answers);
    expect(settled).toEqual([1, 2, 3].map((n) => expect.objectContaining(whole(n))));
    expect(lines.filter(({ msg }) => String(msg).includes('wait for memory'))).toHaveLength(1);
  });

  it('are refused where too many wait already; those in and those waiting are answered', async () => {
    const { server, letGo, until, ask, fill, open } = await busyShop(LONG_RESPONSE * 1.5);
    const { refused, answers, end } = await fill();
    expect(refused).toMatchObject({ status: 503, errors: [{ extensions: { code: 'OVERLOADED', retryAfter: 1 } }] });
    expect(refused?.headers.get('retry-after')).toBe('1');
    const metrics = await (await fetch(server.metricsUrl ?? '')).text();
    expect(metrics).toContain(
      'headgate_policy_refusals_total{policy="traffic_shaping",reason="max_response_characters",mode="enforce"} 1',
    );
    await end();
    const settled = await Promise.all(answers);
    expect(settled.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 503]);
    for (const [n, answer] of settled.entries()) if (answer.status === 200) expect(answer).toMatchObject(whole(n));
    const later = ask(6);
    await until(() => open.length > 0);
    letGo();
    expect(await later).toMatchObject(whole(6));
  });

  it('what a mutation has done is reported at once', async () => {
    const { server, open, letGo, until, ask } = await busyShop(LONG_RESPONSE);
    const first = ask(1);
    await until(() => open.length === 1);
    const added = await post(server.url, { query: 'mutation { add { text } }' });
    expect(await added.json()).toEqual({ data: { add: { text: LONG } } });
    letGo();
    expect(await first).toMatchObject(whole(1));
  });

  it('a client that leaves while it waits leaves no trace', async () => {
    const { server, open, letGo, until, ask, calls, isLogged, lines } = await busyShop(LONG_RESPONSE);
    const first = ask(1);
    await until(() => open.length === 1);
    const leaver = new AbortController();
    const left = fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ p2: product { text inStock } }' }),
      signal: leaver.signal,
    }).catch((error: Error) => error.name);
    await until(isLogged);
    const third = ask(3);
    await until(() => calls.products === 3);
    leaver.abort();
    expect(await left).toBe('AbortError');
    await until(() => lines.some(({ msg }) => msg === 'request closed by the client'));
    letGo();
    await until(() => open.length > 0);
    letGo();
    expect(await Promise.all([first, third])).toMatchObject([whole(1), whole(3)]);
    expect(calls.stock).toBe(2);
  });

  it('an endpoint says it as a problem', async () => {
    const bffDir = folderWith('query Product { product { text inStock } }');
    const { server, fill } = await busyShop(LONG_RESPONSE * 1.5, { bffDir });
    const { answers, end } = await fill();
    const refused = await fetch(new URL('/bff/web/product', server.url));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({
      type: 'urn:headgate:problem:overloaded',
      errors: [{ code: 'OVERLOADED' }],
    });
    await end();
    await Promise.all(answers);
  });

  it('an endpoint does without a section that has a time of its own', async () => {
    const bffDir = folderWith('query Product { hello product @optional(timeout: "5s") { text } }');
    const { server, fill } = await busyShop(LONG_RESPONSE * 1.5, { bffDir });
    const { answers, end } = await fill();
    const answer = await fetch(new URL('/bff/web/product', server.url));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      hello: 'hello',
      product: null,
      meta: { partial: [{ path: ['product'], code: 'OVERLOADED' }] },
    });
    await end();
    await Promise.all(answers);
  });

  it('with the 503, other calls for the request end, and nothing is said of it that was said of an answer', async () => {
    const returned = { all: { response: [{ propagate: { named: 'cache-control' } }] } };
    const operations = { Both: [{ limit: 100, window: '1h' }] };
    const { server, fill, behave } = await busyShop(LONG_RESPONSE * 1.5, {
      config: { headers: returned, rate_limits: { operations } },
    });
    const { answers, end } = await fill();
    behave('products', (req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk;
      });
      req.on('end', () => {
        expect(body).toContain('product');
        res.setHeader('cache-control', 'public, max-age=600');
        res.end(JSON.stringify({ data: { product: { text: LONG } } }));
      });
    });
    const closed = new Promise<void>((resolve) => {
      behave('slow', (_req, res) => void res.on('close', resolve));
    });
    const refused = await post(server.url, { query: 'query Both { slow product { text } }', operationName: 'Both' });
    expect(refused.status).toBe(503);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'cache-control': 'no-store',
      'retry-after': '1',
      ratelimit: expect.stringContaining('r=99'),
    });
    await closed;
    await end();
    await Promise.all(answers);
  });
});
