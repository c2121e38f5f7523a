import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../composition/folder.ts';
import { type Shop, shop } from './shop.ts';

const starsOf = async (world: Shop, variables: object) => {
  const query = 'query($scale: Int) { product(id: "1") { stars(scale: $scale) } }';
  return (await world.ask(query, { variables })).data.product.stars;
};

describe('cached values are kept apart', () => {
  it('by a variable that is null, and one that is missing, for which a default applies', async () => {
    const world = await shop();
    world.reviews.answer = ({ variables }) => ({
      data: { _entities: [{ stars: variables && 'scale' in variables ? 0 : 5 }] },
    });
    expect([await starsOf(world, { scale: null }), await starsOf(world, {})]).toEqual([0, 5]);
    expect([await starsOf(world, { scale: null }), await starsOf(world, {})]).toEqual([0, 5]);
    expect(world.counts().reviews).toBe(2);
  });

  it('from those of a fetch whose body a plugin has written', async () => {
    const dir = await folderWith({});
    const path = join(dir, 'tenants.mjs');
    await writeFile(
      path,
      `export default { name: 'tenants', hooks: { onFetch({ subgraph, body, setBody }) {
        if (subgraph === 'reviews' && globalThis.tenantOfTest) setBody(body.replace('stars', 'stars: price'));
      } } };`,
    );
    const world = await shop({}, { plugins: [{ path }] });
    const ask = async (tenant: boolean) => {
      Object.assign(globalThis, { tenantOfTest: tenant });
      return (await world.ask('{ product(id: "1") { stars } }')).data.product.stars;
    };
    world.reviews.answer = ({ query }) => ({ data: { _entities: [{ stars: query.includes('price') ? 99 : 5 }] } });
    expect([await ask(true), await ask(false), await ask(true), await ask(false)]).toEqual([99, 5, 99, 5]);
    Object.assign(globalThis, { tenantOfTest: undefined });
    expect(world.counts().reviews).toBe(3);
  });
});
