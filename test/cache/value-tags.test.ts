import { describe, expect, it } from 'vitest';
import { entityTag, namedTag } from '../../src/cache/tags.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { shop } from './shop.ts';

const KEY = 'a-shared-key-for-tests';

describe('tags', () => {
  it('are filled with the defaults of arguments that are missing', async () => {
    const world = await shop();
    const ask = () => world.ask('{ favourite { name } }');
    await ask();
    await world.ask('mutation { prefer }');
    await ask();
    // the mutation, and the root field twice
    expect(world.counts().products).toBe(3);
    await world.ask('mutation($id: ID) { prefer(id: $id) }', { variables: {} });
    await ask();
    expect(world.counts().products).toBe(2);
    await world.ask('mutation { prefer(id: "2") }');
    await ask();
    expect(world.counts().products).toBe(1);
  });

  it('have all digits of numbers', async () => {
    const world = await shop();
    const ask = () => world.ask('{ favourite(id: 90071992547409931) { name } }');
    world.products.answer = ({ query }) => ({
      data: query.includes('mutation') ? { prefer: true } : { favourite: { name: 'x' } },
    });
    await ask();
    await world.ask('mutation { prefer(id: 90071992547409932) }');
    await ask();
    expect(world.counts().products).toBe(2);
    await world.ask('mutation($id: ID) { prefer(id: $id) }', { variables: { id: '90071992547409931' } });
    await ask();
    expect(world.counts().products).toBe(2);
  });

  it('have a bounded length, whatever clients send', () => {
    const long = 'x'.repeat(100_000);
    for (const tag of [namedTag('a', long), entityTag('a', 'Product', long)]) expect(tag.length).toBeLessThan(500);
    expect(namedTag('a', `${long}1`)).not.toBe(namedTag('a', `${long}2`));
    expect(namedTag('a', long)).not.toBe(namedTag('b', long));
  });

  it('have all types of a value, also where it has too many entities to list', async () => {
    const subgraph = await stubSubgraph(
      `type Query { items: [Item!]! @cacheControl(maxAge: 60) owners: [Owner!]! @cacheControl(maxAge: 60) }
       type Item @key(fields: "id") { id: ID! }
       type Owner @key(fields: "id") { id: ID! }`,
      {
        resolvers: {
          Query: {
            items: () => Array.from({ length: 1_500 }, (_, index) => ({ id: String(index) })),
            owners: () => [{ id: '1' }],
          },
        },
        entities: { Item: ({ id }) => ({ id }), Owner: ({ id }) => ({ id }) },
      },
    );
    const world = await gatewayOver(
      { shop: subgraph.file },
      {
        response_cache: { enabled: true, invalidation: { shared_key: KEY } },
        admin: { listen: '127.0.0.1:0', token: 'a-token-of-sixteen-characters' },
      },
    );
    const ask = async () => {
      await world.ask('{ items { id } owners { id } }');
      return subgraph.requests.length;
    };
    expect([await ask(), await ask()]).toEqual([1, 1]);
    const response = await fetch(world.adminUrl?.replace(/admin$/, 'invalidation') ?? '', {
      method: 'POST',
      headers: { authorization: KEY },
      body: JSON.stringify({ kind: 'type', subgraph: 'shop', type: 'Owner' }),
    });
    expect(await response.json()).toEqual({ count: 1 });
    expect(await ask()).toBe(2);
  });
});
