import { describe, expect, it } from 'vitest';
import { shop } from './shop.ts';

const LIST = '{ products { id name stars } }';

describe('a subgraph that responds with what is not JSON', () => {
  it.each([
    ['extensions', '{"data":{"latest":"x"},"extensions":{"invalidate"}}'],
    ['errors', '{"data":{"latest":"x"},"errors":[{]}'],
    ['text after the result', '{"data":{"latest":"x"}} }'],
  ])('fails, and nothing of it is cached: %s', async (_, text) => {
    const world = await shop({ subgraph: { all: { ttl: '1m' } } });
    world.reviews.answer = (_request, res) => {
      res.setHeader('content-type', 'application/json').end(text);
    };
    for (let i = 0; i < 2; i++) expect((await world.ask('{ latest }')).errors?.length).toBe(1);
    expect(world.counts().reviews).toBe(2);
  });

  it('fails also where some of its entities are cached', async () => {
    const world = await shop();
    await world.ask('{ product(id: "2") { stars } }');
    world.reviews.answer = (_, res) => {
      res
        .setHeader('content-type', 'application/json')
        .end('{"data":{"_entities":[{"stars":1},{"stars":1}]},"errors":[{],"extensions":{"invalidate"}}');
    };
    expect((await world.ask(LIST)).errors?.length).toBeGreaterThan(0);
    world.reviews.answer = undefined;
    expect((await world.ask(LIST)).data.products[0].stars).toBe(5);
  });

  it('changes nothing after a mutation', async () => {
    const world = await shop();
    world.products.answer = (_, res) => {
      res.setHeader('content-type', 'application/json').end('{"data":{"touch":true},"extensions":{"invalidate"}}');
    };
    expect((await world.ask('mutation { touch(id: "1") }')).errors?.length).toBe(1);
  });
});

describe('old values are used where a subgraph fails, and not where it refuses a client', () => {
  const QUERY = '{ products { id } }';
  const settings = { subgraph: { all: { stale_if_error: '1h' }, subgraphs: { products: { ttl: '1ms' } } } };

  it.each([
    [401, false],
    [403, false],
    [404, false],
    [429, true],
    [500, true],
    [503, true],
  ])('HTTP %i', async (status, isServed) => {
    const world = await shop(settings);
    await world.ask(QUERY);
    world.products.answer = (_, res) => {
      res.statusCode = status;
      res.setHeader('content-type', 'application/json').end('{"message":"no"}');
    };
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { data } = await world.ask(QUERY);
    expect(data?.products?.length).toBe(isServed ? 3 : undefined);
  });

  it('a response with errors and without data is its response', async () => {
    const world = await shop(settings);
    await world.ask(QUERY);
    world.products.answer = () => ({ data: null, errors: [{ message: 'You are logged out.' }] });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await world.ask(QUERY)).data).toBe(null);
  });
});
