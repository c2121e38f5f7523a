import { describe, expect, it } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const IDS = ['p1', 'p2', 'p3', 'p4', 'p5'];
const shop = {
  products: {
    typeDefs: 'type Query { products: [Product] } type Product @key(fields: "id") { id: ID! }',
    resolvers: { Query: { products: () => IDS.map((id) => ({ id })) } },
  },
  stock: { typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int }' },
};

/** The subgraph `stock` answers by what a test says of the ids of each request: a status, or the number in stock of each. */
async function shopWith(traffic: object, statusOf: (ids: readonly string[], call: number) => number = () => 200) {
  const world = await httpWorld(shop, { config: { traffic_shaping: { all: traffic } } });
  const requests: string[][] = [];
  world.behave('stock', async (req, res) => {
    const { variables } = JSON.parse(await bodyOf(req));
    const ids = Object.values(variables as Record<string, { id: string }[]>).flatMap((list) =>
      list.map(({ id }) => id),
    );
    requests.push(ids);
    const status = statusOf(ids, requests.length);
    const entities = ids.map((id) => ({ inStock: Number(id.slice(1)) }));
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(status === 200 ? JSON.stringify({ data: { _entities: entities } }) : '');
  });
  const ask = async () => (await post(world.server.url, { query: '{ products { id inStock } }' })).json();
  return { ...world, ask, requests };
}

const whole = { data: { products: IDS.map((id, at) => ({ id, inStock: at + 1 })) } };

describe('max_entities_per_request', () => {
  it('sends several requests in place of a larger one, all at the same time', async () => {
    const { ask, requests } = await shopWith({ max_entities_per_request: 2 });
    expect(await ask()).toEqual(whole);
    expect(requests.sort()).toEqual([['p1', 'p2'], ['p3', 'p4'], ['p5']]);
  });

  it('does not split a request within it, and none by default', async () => {
    for (const traffic of [{ max_entities_per_request: 5 }, {}, { max_entities_per_request: false }]) {
      const { ask, requests } = await shopWith(traffic);
      expect(await ask()).toEqual(whole);
      expect(requests).toEqual([IDS]);
    }
  });

  it('a part that fails is sent again alone', async () => {
    const traffic = { max_entities_per_request: 2, retry: { backoff: { base: '1ms', max: '1ms' } } };
    let failures = 0;
    const { ask, requests } = await shopWith(traffic, (ids) => (ids.includes('p3') && failures++ === 0 ? 503 : 200));
    expect(await ask()).toEqual(whole);
    expect(requests.sort()).toEqual([['p1', 'p2'], ['p3', 'p4'], ['p3', 'p4'], ['p5']]);
  });

  it('a part that fails costs its entities only', async () => {
    const { ask } = await shopWith({ max_entities_per_request: 2 }, (ids) => (ids.includes('p3') ? 500 : 200));
    const { data, errors } = await ask();
    expect(data.products.map(({ inStock }: { inStock: number | null }) => inStock)).toEqual([1, 2, null, null, 5]);
    expect(errors).toMatchObject([
      { path: ['products', 2, 'inStock'], extensions: { code: 'SUBREQUEST_HTTP_ERROR', service: 'stock' } },
    ]);
  });
});
