import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

const users = {
  typeDefs: `
    type Query { user(id: ID! = "1"): User }
    type User @key(fields: "id") { id: ID! name(upper: Boolean = false): String }`,
  resolvers: {
    Query: { user: (_: unknown, { id }: { id: string }) => ({ id }) },
    User: { name: ({ id }: { id: string }, { upper }: { upper: boolean }) => (upper ? `USER ${id}` : `user ${id}`) },
  },
};
const ages = {
  typeDefs: `
    type User @key(fields: "id") { id: ID! age(in: Unit = YEARS, filter: Filter): String }
    enum Unit { YEARS DAYS }
    input Filter { min: Int = 18 tags: [String!] }`,
  resolvers: {
    User: { age: ({ id }: { id: string }, args: object) => `${id} ${JSON.stringify(args)}` },
  },
};

/** https://spec.graphql.org/October2021/#sec--skip */
describe('@skip and @include', () => {
  const query = 'query ($full: Boolean!) { user { name ... @include(if: $full) { age } } }';

  it('does not ask a subgraph of which nothing is included', async () => {
    const world = createWorld({ subgraphs: { users, ages } });
    const { dataText, requests } = await world.query(query, { full: false });
    expect(dataText).toBe('{"user":{"name":"user 1"}}');
    expect(asked(requests)).toEqual(['users']);
  });

  it('asks it when the same operation comes with the other value', async () => {
    const world = createWorld({ subgraphs: { users, ages } });
    await world.query(query, { full: false });
    const { data, requests } = await world.query(query, { full: true });
    expect(data.user.age).toBe('1 {"in":"YEARS"}');
    expect(asked(requests)).toEqual(['users', 'ages']);
  });

  it('asks nobody when all is skipped', async () => {
    const world = createWorld({ subgraphs: { users, ages } });
    const { dataText, requests } = await world.query('{ user @skip(if: true) { name } }');
    expect(dataText).toBe('{}');
    expect(requests).toEqual([]);
  });
});

/** https://spec.graphql.org/October2021/#sec-Field-Alias */
describe('arguments and aliases', () => {
  it('keeps the same field with different arguments apart, in one request for each subgraph', async () => {
    const world = createWorld({ subgraphs: { users, ages } });
    const { dataText, requests } = await world.query(`{
      a: user { loud: name(upper: true) name }
      b: user(id: 2) { name days: age(in: DAYS) age(filter: { tags: ["x"] }) }
    }`);
    expect(dataText).toBe(
      '{"a":{"loud":"USER 1","name":"user 1"},"b":{"name":"user 2","days":"2 {\\"in\\":\\"DAYS\\"}",' +
        '"age":"2 {\\"in\\":\\"YEARS\\",\\"filter\\":{\\"min\\":18,\\"tags\\":[\\"x\\"]}}"}}',
    );
    expect(asked(requests)).toEqual(['users', 'ages']);
  });

  it('lets an alias take the name of another field', async () => {
    const world = createWorld({ subgraphs: { users, ages } });
    const { data } = await world.query('{ user(id: "7") { id: name name: id age } }');
    expect(data.user).toMatchObject({ id: 'user 7', name: '7', age: '7 {"in":"YEARS"}' });
  });

  it('passes variables on, absent ones as absent', async () => {
    const world = createWorld({ subgraphs: { users, ages } });
    const query = 'query ($unit: Unit, $filter: Filter) { user { age(in: $unit, filter: $filter) } }';
    expect((await world.query(query)).data.user.age).toBe('1 {"in":"YEARS"}');
    expect((await world.query(query, { filter: null })).data.user.age).toBe('1 {"in":"YEARS","filter":null}');
    expect((await world.query(query, { unit: 'DAYS', filter: {} })).data.user.age).toBe(
      '1 {"in":"DAYS","filter":{"min":18}}',
    );
  });
});
