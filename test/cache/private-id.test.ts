import { describe, expect, it } from 'vitest';
import { cachedWorld, subgraph } from './cached-world.ts';
import { shop } from './shop.ts';

const ME = '{ me { name } }';
const withId = (id: string) => ({ subgraph: { all: { private_id: id } } });

describe('private values', () => {
  it('are shared by clients with the same value of a header, and cached for none without it', async () => {
    const world = await shop(withId('header:X-Tenant'));
    const asked = async (...headers: Record<string, string>[]) => {
      for (const one of headers) await world.ask(ME, { headers: one });
      return world.counts().products;
    };
    expect(await asked({ 'x-tenant': 'a' }, { 'x-tenant': 'a' })).toBe(1);
    expect(await asked({ 'x-tenant': 'b' }, { 'x-tenant': 'a' }, { 'x-tenant': 'b' })).toBe(1);
    // a client with credentials of its own is of the tenant, too
    expect(await asked({ 'x-tenant': 'a', authorization: 'Bearer x' })).toBe(0);
    expect(await asked({}, {}, { authorization: 'Bearer x' }, { authorization: 'Bearer x' })).toBe(4);
  });

  it('are no part of values that others have: the rest of a fetch is cached without them', async () => {
    const world = await shop(withId('header:X-Tenant'));
    const both = '{ me { name } products { id } }';
    for (let i = 0; i < 2; i++) await world.ask(both);
    world.counts();
    world.data.names[4] = 'Chair';
    expect((await world.ask(both)).data.products.length).toBe(3);
    // only `me` is fetched
    expect(world.products.requests.map(({ query }) => query.includes('products'))).toEqual([false]);
  });

  it('without an id of clients that say who they are by credentials are kept apart by these', async () => {
    const world = await shop();
    const asked = async (token?: string) => {
      await world.ask(ME, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
      return world.counts().products;
    };
    expect([await asked('a'), await asked('b'), await asked('a'), await asked('b')]).toEqual([1, 1, 0, 0]);
    expect([await asked(), await asked()]).toEqual([1, 1]);
  });

  it('are shared by clients with the same value of a claim, whatever type it has', async () => {
    const items = subgraph(() => ({ data: { items: [{ __typename: 'Item', id: '1' }] } }));
    const facts = subgraph(() => ({ data: { _entities: [{ mine: String(facts.sent.length) }] } }));
    const world = await cachedWorld({ items, facts }, {}, undefined, { claim: 'tenant' });
    const mine = async (user: string | undefined, claims: object = {}) => {
      const asked = world.ask('{ items(ids: ["1"]) { mine } }', {}, user, {}, { ...claims });
      return Number((await asked).data.items[0].mine);
    };
    expect([await mine('ada', { tenant: 7 }), await mine('bob', { tenant: 7 })]).toEqual([1, 1]);
    expect([await mine('ada', { tenant: '7' }), await mine('ada', { tenant: [7] })]).toEqual([2, 3]);
    // without the claim, nothing is cached
    for (const [index, claims] of [{}, {}, { tenant: null }, { tenant: null }].entries())
      expect(await mine('ada', claims)).toBe(4 + index);
    expect([await mine(undefined), await mine('cy', { tenant: 7 })]).toEqual([8, 1]);
  });
});
