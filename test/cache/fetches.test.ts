import { describe, expect, it } from 'vitest';
import { shop } from './shop.ts';

const LIST = '{ products { id name stars } }';

describe('the response cache', () => {
  it('keeps root fields and entities as long as the schema says', async () => {
    const world = await shop();
    const first = await world.ask(LIST);
    expect(world.counts()).toEqual({ products: 1, reviews: 1 });
    expect(await world.ask(LIST)).toEqual(first);
    expect(world.counts()).toEqual({ products: 0, reviews: 0 });
  });

  it('fetches only the entities of a batch that are missing', async () => {
    const world = await shop();
    await world.ask('{ product(id: "2") { stars } }');
    world.counts();
    const { data } = await world.ask(LIST);
    expect(data.products.map(({ stars }: { stars: number }) => stars)).toEqual([5, 4, 3]);
    expect(world.reviews.requests.map(({ variables }) => variables)).toEqual([
      {
        representations: [
          { __typename: 'Product', id: '1' },
          { __typename: 'Product', id: '3' },
        ],
      },
    ]);
  });

  it('fetches only the root fields that are missing, in one request', async () => {
    const world = await shop();
    await world.ask('{ a: product(id: "2") { id name } }');
    world.counts();
    const { data } = await world.ask(
      'query($id: ID!) { first: product(id: $id) { name } products { id } b: product(id: "2") { id name } }',
      {
        variables: { id: '1' },
      },
    );
    expect(data).toEqual({
      first: { name: 'Lamp' },
      products: [{ id: '1' }, { id: '2' }, { id: '3' }],
      b: { id: '2', name: 'Desk' },
    });
    const sent = world.products.requests.map(({ query, variables }) => [
      query.replace(/^query \w+/, 'query'),
      variables,
    ]);
    expect(sent).toEqual([['query($id:ID!){first:product(id:$id){name} products{id}}', { id: '1' }]]);
  });

  it('keeps each root field as long as it may be kept', async () => {
    const world = await shop();
    const both = '{ products { id } me { name } }';
    await world.ask(both);
    world.counts();
    // `me` is private, and this client cannot be identified
    await world.ask(both);
    expect(world.products.requests.map(({ query }) => query.includes('products'))).toEqual([false]);
  });

  it('reports an error of a root field that is missing, beside what is cached', async () => {
    const world = await shop();
    await world.ask('{ product(id: "2") { name } }');
    world.products.answer = () => ({ data: { favourite: null }, errors: [{ message: 'none', path: ['favourite'] }] });
    const { data, errors } = await world.ask('{ product(id: "2") { name } favourite { name } }');
    expect(data).toEqual({ product: { name: 'Desk' }, favourite: null });
    expect(errors?.map(({ path }) => path)).toEqual([['favourite']]);
  });

  it('keeps values apart by their arguments and variables', async () => {
    const world = await shop();
    const query = 'query($scale: Int) { product(id: "1") { stars(scale: $scale) } }';
    await world.ask(query, { variables: { scale: 5 } });
    await world.ask(query, { variables: { scale: 10 } });
    await world.ask(query, { variables: { scale: 5 } });
    // the root field is the same
    expect(world.counts()).toEqual({ products: 1, reviews: 2 });
  });

  it('keeps nothing for which nothing says how long', async () => {
    const world = await shop();
    await world.ask('{ unhinted { id } latest }');
    await world.ask('{ unhinted { id } latest }');
    // `Product` has a time, so `unhinted` has it, too; `latest` has none
    expect(world.counts()).toEqual({ products: 1, reviews: 2 });
  });

  it('keeps nothing of a response with errors', async () => {
    const world = await shop();
    world.reviews.answer = () => ({ data: { _entities: [null, null, null] }, errors: [{ message: 'broken' }] });
    await world.ask(LIST);
    world.reviews.answer = undefined;
    expect((await world.ask(LIST)).data.products[0].stars).toBe(5);
  });

  it('reports errors of the missing entities at their places', async () => {
    const world = await shop();
    await world.ask('{ product(id: "2") { stars } }');
    world.reviews.answer = () => ({
      data: { _entities: [{ stars: 1 }, { stars: null }] },
      errors: [{ message: 'no stars', path: ['_entities', 1, 'stars'] }],
    });
    const { data, errors } = await world.ask(LIST);
    expect(data.products.map(({ stars }: { stars: number }) => stars)).toEqual([1, 4, null]);
    expect(errors?.map(({ path }) => path)).toEqual([['products', 2, 'stars']]);
  });

  it('keeps the digits of numbers', async () => {
    const world = await shop();
    world.reviews.answer = (_, res) => {
      res.setHeader('content-type', 'application/json').end('{"data":{"_entities":[{"price":1.50}]}}');
    };
    const ask = async () => {
      const response = await fetch(world.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ product(id: "1") { price } }' }),
      });
      return response.text();
    };
    const first = await ask();
    expect(first).toContain('1.50');
    expect(await ask()).toBe(first);
    expect(world.counts().reviews).toBe(1);
  });

  it('makes another fetch for a client that sends Cache-Control: no-cache, and none that is kept for no-store', async () => {
    const world = await shop();
    await world.ask(LIST);
    world.data.stars[1] = 1;
    const stars = async (control?: string) => {
      const { data } = await world.ask(LIST, control ? { headers: { 'cache-control': control } } : {});
      return data.products[0].stars;
    };
    expect(await stars('no-store')).toBe(1);
    expect(await stars()).toBe(5);
    expect(await stars('no-cache')).toBe(1);
    expect(await stars()).toBe(1);
  });
});

describe('headers of subgraphs', () => {
  const withHeaders = async (headers: Record<string, string>, cache: object = {}) => {
    const world = await shop(cache);
    world.reviews.answer = (_, res) => {
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
      return { data: { latest: 'new' } };
    };
    for (let i = 0; i < 2; i++) await world.ask('{ latest }');
    return world.counts().reviews;
  };

  it.each([
    ['say how long', { 'cache-control': 'max-age=60' }, 1],
    ['may forbid to keep a response', { 'cache-control': 'no-store' }, 2],
    ['may be too old', { 'cache-control': 'max-age=60', age: '60' }, 2],
    ['may vary by anything', { 'cache-control': 'max-age=60', vary: '*' }, 2],
    ['may set a cookie', { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }, 2],
    ['may be for one client', { 'cache-control': 'private, max-age=60' }, 2],
    ['may say nothing', {}, 2],
  ])('%s', async (_, headers, expected) => {
    expect(await withHeaders(headers as unknown as Record<string, string>)).toBe(expected);
  });

  it('are limited by the config, which also says how long where nothing else does', async () => {
    const ttl = { subgraph: { all: { ttl: '1m' } } };
    expect(await withHeaders({}, ttl)).toBe(1);
    expect(await withHeaders({ 'cache-control': 'no-cache' }, ttl)).toBe(2);
    expect(
      await withHeaders({}, { subgraph: { all: { ttl: '1m' }, subgraphs: { reviews: { enabled: false } } } }),
    ).toBe(2);
  });
});
