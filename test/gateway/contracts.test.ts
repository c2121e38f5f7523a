import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { post, serve } from './serving.ts';

const shop = {
  typeDefs: 'type Query { name: String @tag(name: "partner") turnover: Int }',
  resolvers: { Query: { name: () => 'shop', turnover: () => 7 } },
};
const contract = { name: 'partner', include: ['partner'], exclude: [], path: '/graphql/partner' };

describe.each(['auto', 'all-yoga'] as const)('a contract at its own path (lanes: %s)', (handlers) => {
  const { engine } = createWorld({ subgraphs: { shop }, engine: { contracts: [contract] } });
  const start = () => serve({ engine: () => engine, contracts: [contract], handlers });

  it('answers what it shows, by POST and GET', async () => {
    const { url } = await start();
    const posted = await post(`${url}/partner`, { query: '{ name }' });
    expect(await posted.json()).toEqual({ data: { name: 'shop' } });
    expect(posted.headers.get('x-request-id')).toMatch(/./);
    const got = await fetch(`${url}/partner?query={name}`, { headers: { accept: 'application/json' } });
    expect(await got.json()).toEqual({ data: { name: 'shop' } });
  });

  it('refuses what only the whole schema shows', async () => {
    const { url } = await start();
    const query = { query: '{ turnover }' };
    expect(await (await post(url, query)).json()).toEqual({ data: { turnover: 7 } });
    expect(await (await post(`${url}/partner`, query)).json()).toMatchObject({
      errors: [{ message: 'Cannot query field "turnover" on type "Query".' }],
    });
  });

  it('is not found under another name', async () => {
    const { url } = await start();
    expect((await post(`${url}/nobody`, { query: '{ name }' })).status).toBe(404);
  });
});
