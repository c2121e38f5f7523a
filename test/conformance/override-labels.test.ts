import { describe, expect, it } from 'vitest';
import type { ClientContext } from '../../src/sources/source.ts';
import { createWorld, type World } from '../worlds/world.ts';

const answering = (subgraph: string) => ({
  User: { __resolveReference: (reference: object) => reference, age: () => subgraph },
});
const monolith = {
  typeDefs: 'type Query { me: User } type User @key(fields: "id") { id: ID! age: String name: String }',
  resolvers: { ...answering('monolith'), Query: { me: () => ({ id: '1' }) } },
};
const ages = (label: string) => ({
  typeDefs: `type User @key(fields: "id") { id: ID! age: String @override(from: "monolith", label: "${label}") }`,
  resolvers: answering('ages'),
});

/** Who gave `age`, for each of some clients. */
async function producers(world: World, clients: Partial<ClientContext>[]): Promise<string[]> {
  const answers = clients.map(async (client) => {
    const request = { query: '{ me { age } }', client: { requestId: 'test', headers: {}, ...client } };
    return JSON.parse((await world.engine.execute(request)).dataText ?? 'null').me.age as string;
  });
  return Promise.all(answers);
}

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/migrate-fields */
describe('progressive @override', () => {
  it.each([
    ['percent(0)', 'monolith'],
    ['percent(100)', 'ages'],
  ])('%s is answered by %s', async (label, producer) => {
    const world = createWorld({ subgraphs: { monolith, ages: ages(label) } });
    expect(new Set(await producers(world, Array(20).fill({})))).toEqual(new Set([producer]));
  });

  it('percent(n) sends about that part of the requests to the new home', async () => {
    const world = createWorld({
      subgraphs: { monolith, ages: ages('percent(25)') },
      engine: { overridePercentBy: (client) => client.requestId },
    });
    const clients = Array.from({ length: 400 }, (_, n) => ({ requestId: `user ${n}` }));
    const moved = (await producers(world, clients)).filter((producer) => producer === 'ages').length;
    expect(moved).toBeGreaterThan(60);
    expect(moved).toBeLessThan(140);
  });

  it('percent(n) falls the same way each time for the same key', async () => {
    const world = createWorld({
      subgraphs: { monolith, ages: ages('percent(50)') },
      engine: { overridePercentBy: (client) => client.requestId },
    });
    const clients = Array.from({ length: 50 }, (_, n) => ({ requestId: `user ${n}` }));
    expect(await producers(world, clients)).toEqual(await producers(world, clients));
  });

  it('asks the hook about other labels, request by request', async () => {
    const world = createWorld({
      subgraphs: { monolith, ages: ages('new-ages') },
      engine: { overrideLabels: (labels, client) => labels.filter((label) => client.headers.beta === label) },
    });
    const clients = [{ headers: {} }, { headers: { beta: 'new-ages' } }, { headers: {} }];
    expect(await producers(world, clients)).toEqual(['monolith', 'ages', 'monolith']);
  });

  it('leaves a label off that nobody decides on', async () => {
    const world = createWorld({ subgraphs: { monolith, ages: ages('new-ages') } });
    expect(await producers(world, [{}])).toEqual(['monolith']);
  });

  it('asks the hook only about labels that the document can meet', async () => {
    const asked: (readonly string[])[] = [];
    const overrideLabels = (labels: readonly string[]) => {
      asked.push(labels);
      return labels;
    };
    const world = createWorld({ subgraphs: { monolith, ages: ages('new-ages') }, engine: { overrideLabels } });
    await world.query('{ me { name } }');
    expect(asked).toEqual([]);
    await world.query('{ me { age } }');
    expect(asked).toEqual([['new-ages']]);
  });

  it('keeps looking up by a key field that is being moved', async () => {
    const codes = {
      typeDefs: `
        type Query { item: Item }
        type Item @key(fields: "code") @key(fields: "id") { id: ID! code: String! colour: String }`,
      resolvers: {
        Query: { item: () => ({ id: '1', code: 'old', colour: 'red' }) },
        Item: { colour: () => 'red' },
      },
    };
    const renewed = {
      typeDefs: `type Item @key(fields: "id") {
        id: ID! code: String! @override(from: "codes", label: "new-codes")
      }`,
      resolvers: { Item: { code: () => 'new' } },
    };
    const query = '{ item { code colour } }';
    const off = createWorld({ subgraphs: { codes, renewed } });
    expect((await off.query(query)).data).toEqual({ item: { code: 'old', colour: 'red' } });
    const on = createWorld({ subgraphs: { codes, renewed }, engine: { overrideLabels: (labels) => labels } });
    expect((await on.query(query)).data).toEqual({ item: { code: 'new', colour: 'red' } });
  });
});
