import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  products: {
    typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! name: String }',
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
  },
  stock: {
    typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int }',
    resolvers: { Product: { __resolveReference: ({ id }: { id: string }) => ({ id, inStock: 7 }) } },
  },
};
const QUERY = '{ product { name inStock } }';

async function ask(url: string) {
  const response = await post(url, { query: QUERY });
  return { status: response.status, ...(await response.json()) };
}

const text =
  (body: string, status = 200, type = 'application/json'): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, { 'content-type': type }).end(body);

describe('a subgraph that fails costs its own fields, and nothing else', () => {
  it.each<[string, RequestListener, object]>([
    ['is slow', () => {}, { code: 'SUBREQUEST_TIMEOUT' }],
    ['answers 500', text('Internal error', 500), { code: 'SUBREQUEST_HTTP_ERROR', http: { status: 500 } }],
    ['answers what is not JSON', text('<html>', 200, 'text/html'), { code: 'SUBREQUEST_MALFORMED_RESPONSE' }],
    ['answers nothing', text(''), { code: 'SUBREQUEST_MALFORMED_RESPONSE' }],
    ['answers JSON that is no GraphQL result', text('{"status":"ok"}'), { code: 'SUBREQUEST_MALFORMED_RESPONSE' }],
    ['closes the connection', (_req, res) => void res.destroy(), { code: 'SUBREQUEST_HTTP_ERROR' }],
    [
      'breaks off in its answer',
      (_req, res) => {
        res.writeHead(200, { 'content-length': 100 });
        res.write('{"data":', () => res.destroy());
      },
      { code: 'SUBREQUEST_HTTP_ERROR' },
    ],
  ])('when it %s', async (_what, fault, extensions) => {
    const { server, behave } = await httpWorld(shop, { timeout: '3s' });
    behave('stock', fault);
    const answer = await ask(server.url);
    expect(answer).toMatchObject({ status: 200, data: { product: { name: 'Lamp', inStock: null } } });
    expect(answer.errors).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining({ service: 'stock', ...extensions }) }),
    ]);
    behave('stock', undefined);
    expect(await ask(server.url)).toEqual({ status: 200, data: { product: { name: 'Lamp', inStock: 7 } } });
  });

  it('when it is down', async () => {
    const { server, stop } = await httpWorld(shop);
    await ask(server.url);
    stop('stock');
    const answer = await ask(server.url);
    expect(answer).toMatchObject({ status: 200, data: { product: { name: 'Lamp', inStock: null } } });
    expect(answer.errors[0]).toMatchObject({
      extensions: { code: 'SUBREQUEST_HTTP_ERROR', service: 'stock', reason: 'connection refused' },
    });
  });

  it('and its errors go to the log, twenty of a request at most, with their number', async () => {
    const { server, behave, lines } = await httpWorld(shop, { config: { include_subgraph_errors: { all: false } } });
    const errors = Array.from({ length: 500 }, (_, index) => ({ message: `row ${index} of table stock` }));
    behave('stock', text(JSON.stringify({ data: { _entities: [null] }, errors })));
    const answer = await ask(server.url);
    expect(answer.errors).toHaveLength(500);
    expect(JSON.stringify(answer)).not.toContain('table stock');
    const logged = lines.filter(({ msg }) => msg === 'errors of subgraphs, masked in the response');
    expect(logged).toEqual([expect.objectContaining({ level: 'warn', count: 500 })]);
    expect(logged[0]?.errors).toHaveLength(20);
  });

  it.each<[string, object, object]>([
    ['whose errors are no list', { data: null, errors: { message: 'boo' } }, { message: 'boo' }],
    [
      'whose entity is a text',
      { data: { _entities: ['x'] } },
      { extensions: { reason: 'an entity is a string, not an object' } },
    ],
    [
      'that lacks the field',
      { data: { _entities: [{ age: 2 }] } },
      { message: expect.stringContaining('Product.inStock') },
    ],
    [
      'with an error whose path means nothing',
      { data: { _entities: [null] }, errors: [{ message: 'bad id', path: ['input', 'id'] }] },
      { message: 'bad id' },
    ],
  ])('when it gives an answer %s', async (_what, body, error) => {
    const { server, behave } = await httpWorld(shop);
    behave('stock', text(JSON.stringify(body)));
    const answer = await ask(server.url);
    expect(answer).toMatchObject({ status: 200, data: { product: { name: 'Lamp', inStock: null } } });
    expect(answer.errors).toEqual([expect.objectContaining({ path: ['product', 'inStock'] })]);
    expect(answer.errors).toMatchObject([error]);
  });

  it('and without data when it answers the root, still 200', async () => {
    const { server, behave } = await httpWorld(shop);
    behave('products', text('no', 503));
    expect(await ask(server.url)).toMatchObject({ status: 200, data: { product: null }, errors: [{}] });
  });
});

describe('a client that leaves', () => {
  it('ends the calls to subgraphs that were made for it', async () => {
    const { server, behave, calls } = await httpWorld(shop);
    let ended = false;
    behave('products', (_req, res) =>
      res.once('close', () => {
        ended = true;
      }),
    );
    const leaving = new AbortController();
    const answer = fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
      signal: leaving.signal,
    });
    await expect.poll(() => calls.products).toBe(1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(() => ended).toBe(true);
  });
});

describe('under load', () => {
  const keepAsking = (url: string, clients: number) => {
    const state = { stop: false, answers: 0, wrong: [] as unknown[] };
    const running = Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; !state.stop; turn++) {
        // A name of its own for each operation, so that none is shared.
        const response = await post(url, { query: `query C${client}T${turn} ${QUERY}` });
        const body = await response.json();
        if (body.data?.product?.inStock === 7) state.answers++;
        else state.wrong.push(body);
      }
    });
    return { state, done: Promise.all(running) };
  };

  it('a new schema is swapped in without an error', async () => {
    const { server, update, supergraphSdl, lines } = await httpWorld(shop);
    const { state, done } = keepAsking(server.url, 6);
    for (let swap = 0; swap < 8; swap++) {
      const before = state.answers;
      update(`${supergraphSdl}\n# ${swap}`);
      await expect.poll(() => state.answers, { interval: 5 }).toBeGreaterThan(before + 12);
    }
    state.stop = true;
    await done;
    expect(state.wrong).toEqual([]);
    expect(lines.filter((line) => line.msg === 'serving a new schema').length).toBe(8);
    expect(lines.filter((line) => line.level === 'warn' || line.level === 'error')).toEqual([]);
  });

  it('closing answers all that is in flight', async () => {
    const { server, behave, calls } = await httpWorld(shop);
    let release!: () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    behave('products', async (_req, res) => {
      await held;
      res.end('{"data":{"product":{"__typename":"Product","id":"p1","name":"Lamp"}}}');
    });
    const answers = Array.from({ length: 30 }, (_, client) => post(server.url, { query: `query C${client} ${QUERY}` }));
    await expect.poll(() => calls.products).toBeGreaterThan(0);
    await expect.poll(() => inFlight(server.url)).toBe(true);
    const closed = server.close();
    release();
    const bodies = await Promise.all(answers.map(async (answer) => (await answer).json()));
    expect(new Set(bodies.map((body) => body.data?.product?.inStock))).toEqual(new Set([7]));
    await closed;
  });
});

/** A request that is answered now has come after those that were sent before it. */
async function inFlight(url: string): Promise<boolean> {
  return (await fetch(new URL('/ready', url))).ok;
}

describe('a root field that the response of its subgraph does not have', () => {
  const typeDefs =
    'type Query { one: Int must: Int! list: [Item] item: Item } type Item @key(fields: "id") { id: ID! }';
  const items = {
    items: { typeDefs },
    stock: { typeDefs: 'type Item @key(fields: "id") { id: ID! inStock: Int }' },
  };

  it.each([
    ['{ one }', 'one', { one: null }],
    ['{ list { id } }', 'list', { list: null }],
    ['{ item { inStock } }', 'item', { item: null }],
  ])('is an error, not just null: %s', async (query, field, data) => {
    const { server, behave } = await httpWorld(items);
    behave('items', text('{"data":{}}'));
    const response = await post(server.url, { query });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      data,
      errors: [
        {
          message: `The subgraph "items" did not return the requested field Query.${field}.`,
          path: [field],
          extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: 'items' },
        },
      ],
    });
  });

  it('is an error of its own kind where it must not be null', async () => {
    const { server, behave } = await httpWorld(items);
    behave('items', text('{"data":{}}'));
    const response = await post(server.url, { query: '{ must }' });
    expect(await response.json()).toEqual({
      data: null,
      errors: [
        {
          message: 'Cannot return null for non-nullable field Query.must.',
          path: ['must'],
          extensions: { code: 'INVALID_NULL_OR_TYPE' },
        },
      ],
    });
  });
});
