import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';

const users = {
  typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String }',
  resolvers: { Query: { users: () => [{ id: '1', name: 'Ada' }, { id: '2', name: 'Bo' }, null] } },
};
const ages = (type: string) => ({
  typeDefs: `type User @key(fields: "id") { id: ID! age: ${type} }`,
  resolvers: { User: { age: ({ id }: { id: string }) => Number(id) * 10 } },
});
const QUERY = '{ people: users { name years: age } }';

/** https://spec.graphql.org/October2021/#sec-Handling-Field-Errors */
describe('nulls and errors', () => {
  it('leaves the neighbours of a null entity alone', async () => {
    const world = createWorld({ subgraphs: { users, ages: ages('Int') } });
    world.fault({ kind: 'null-entity', subgraph: 'ages', type: 'User', where: { id: '1' } });
    const { data } = await world.query(QUERY);
    expect(data.people).toEqual([{ name: 'Ada', years: null }, { name: 'Bo', years: 20 }, null]);
  });

  it('carries null up to the nearest field that may be null, and no further', async () => {
    const world = createWorld({ subgraphs: { users, ages: ages('Int!') } });
    world.fault({ kind: 'null-entity', subgraph: 'ages', type: 'User', where: { id: '1' } });
    const { data, errors } = await world.query(QUERY);
    expect(data.people).toEqual([null, { name: 'Bo', years: 20 }, null]);
    expect(errors).toMatchObject([{ path: ['people', 0, 'years'] }]);
  });

  it('tells an entity’s error with the client’s path and the subgraph’s name', async () => {
    const world = createWorld({ subgraphs: { users, ages: ages('Int') } });
    const isSecond = (parent: unknown) => (parent as { id: string }).id === '2';
    world.fault({ kind: 'field-error', subgraph: 'ages', field: 'User.age', message: 'unknown age', where: isSecond });
    const { data, errors } = await world.query(QUERY);
    expect(data.people).toEqual([{ name: 'Ada', years: 10 }, { name: 'Bo', years: null }, null]);
    expect(errors).toMatchObject([
      { message: 'unknown age', path: ['people', 1, 'years'], extensions: { service: 'ages' } },
    ]);
  });

  it.each([
    ['SUBREQUEST_HTTP_ERROR', { kind: 'failure', subgraph: 'ages', failure: { code: 'SUBREQUEST_HTTP_ERROR' } }],
    ['SUBREQUEST_TIMEOUT', { kind: 'failure', subgraph: 'ages', failure: { code: 'SUBREQUEST_TIMEOUT' } }],
    ['SUBREQUEST_MALFORMED_RESPONSE', { kind: 'answer', subgraph: 'ages', text: '<html>' }],
    ['SUBREQUEST_MALFORMED_RESPONSE', { kind: 'answer', subgraph: 'ages', text: '{"ok":true}' }],
  ] as const)('serves the rest when a subgraph fails with %s', async (code, fault) => {
    const world = createWorld({ subgraphs: { users, ages: ages('Int') } });
    world.fault(fault);
    const { data, errors } = await world.query(QUERY);
    expect(data.people).toEqual([{ name: 'Ada', years: null }, { name: 'Bo', years: null }, null]);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]?.extensions).toMatchObject({ code, service: 'ages' });
  });

  it('does not ask with an invented value when a required field could not be had', async () => {
    const sizes = {
      typeDefs: 'type User @key(fields: "id") { id: ID! size: Int }',
      resolvers: { User: { size: () => 4 } },
    };
    const shops = {
      typeDefs: 'type User @key(fields: "id") { id: ID! size: Int @external shirt: String @requires(fields: "size") }',
      resolvers: { User: { shirt: ({ size }: { size: unknown }) => `shirt ${size}` } },
    };
    const world = createWorld({ subgraphs: { users, sizes, shops } });
    world.fault({ kind: 'failure', subgraph: 'sizes' });
    const { data, errors } = await world.query('{ users { name shirt } }');
    expect(data.users).toEqual([{ name: 'Ada', shirt: null }, { name: 'Bo', shirt: null }, null]);
    expect(errors[0]?.extensions).toMatchObject({ service: 'sizes' });
  });
});
