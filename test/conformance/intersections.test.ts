import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/composition#merging-types-from-multiple-subgraphs */
describe('enums and inputs that subgraphs know differently', () => {
  const orders = {
    typeDefs: `
      type Query { orders(filter: Filter): [String] byState(state: State): String }
      enum State { OPEN CLOSED LOST }
      input Filter { state: State first: Int cheap: Boolean }`,
    resolvers: {
      Query: {
        orders: (_: unknown, { filter }: { filter: object }) => [JSON.stringify(filter)],
        byState: (_: unknown, { state }: { state: string }) => `state ${state}`,
      },
    },
  };
  const returns = {
    typeDefs: `
      type Query { returns(filter: Filter): [String] }
      enum State { OPEN CLOSED }
      input Filter { state: State first: Int }`,
    resolvers: { Query: { returns: () => [] } },
  };
  const world = createWorld({ subgraphs: { orders, returns } });

  it('takes the input fields that all know', async () => {
    const query = 'query ($filter: Filter) { orders(filter: $filter) }';
    const known = await world.query(query, { filter: { state: 'OPEN', first: 2 } });
    expect(known.data).toEqual({ orders: ['{"state":"OPEN","first":2}'] });
    const unknown = await world.query(query, { filter: { cheap: true } });
    expect(unknown.dataText).toBeUndefined();
    expect(unknown.errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  });

  it('takes the enum values that all know, where the enum is an input', async () => {
    expect((await world.query('{ byState(state: CLOSED) }')).data).toEqual({ byState: 'state CLOSED' });
    expect((await world.query('{ byState(state: LOST) }')).errors[0]?.message).toContain('Value "LOST" does not exist');
  });

  it('gives the enum values that any knows, where the enum is an output', async () => {
    const east = {
      typeDefs: 'type Query { east: Side } enum Side { EAST NORTH }',
      resolvers: { Query: { east: () => 'EAST' } },
    };
    const west = {
      typeDefs: 'type Query { west: Side } enum Side { WEST NORTH }',
      resolvers: { Query: { west: () => 'WEST' } },
    };
    const { data } = await createWorld({ subgraphs: { east, west } }).query('{ east west }');
    expect(data).toEqual({ east: 'EAST', west: 'WEST' });
  });
});

/** https://specs.apollo.dev/inaccessible/v0.2/ */
describe('what is inaccessible and turns up all the same', () => {
  const zoo = {
    typeDefs: `
      type Query {
        pet: Pet pets: [Pet] beast: Beast mood: Mood moods: [Mood!]
        find(name: String, chip: Int @inaccessible): Pet
      }
      interface Pet { name: String }
      union Beast = Cat | Dragon
      type Cat implements Pet { name: String }
      type Dragon implements Pet @inaccessible { name: String }
      enum Mood { GOOD SECRET @inaccessible }`,
    resolvers: {
      Query: {
        pet: () => ({ __typename: 'Dragon', name: 'Smaug' }),
        pets: () => [
          { __typename: 'Cat', name: 'Tom' },
          { __typename: 'Dragon', name: 'Smaug' },
        ],
        beast: () => ({ __typename: 'Dragon', name: 'Smaug' }),
        mood: () => 'SECRET',
        moods: () => ['GOOD', 'SECRET'],
      },
    },
  };
  const world = createWorld({ subgraphs: { zoo } });

  it('an object of a hidden type is null, with an error that does not name it', async () => {
    const { data, errors } = await world.query('{ pet { name } pets { name } beast { ... on Cat { name } } }');
    expect(data).toEqual({ pet: null, pets: [{ name: 'Tom' }, null], beast: null });
    expect(errors.map(({ path }) => path)).toEqual([['pet'], ['pets', 1], ['beast']]);
    expect(JSON.stringify(errors)).not.toMatch(/Dragon|Smaug/);
  });

  it('a hidden enum value is null, with an error that does not name it; null propagates where it must', async () => {
    const { data, errors } = await world.query('{ mood moods }');
    expect(data).toEqual({ mood: null, moods: null });
    expect(errors.map(({ path }) => path)).toEqual([['mood'], ['moods', 1]]);
    expect(JSON.stringify(errors)).not.toContain('SECRET');
  });

  it('a hidden argument and a fragment on a hidden type are unknown', async () => {
    const argument = await world.query('{ find(chip: 1) { name } }');
    expect(argument.errors[0]?.message).toContain('Unknown argument "chip"');
    const fragment = await world.query('{ pet { ... on Dragon { name } } }');
    expect(fragment.errors[0]?.message).toContain('Unknown type "Dragon"');
  });
});
