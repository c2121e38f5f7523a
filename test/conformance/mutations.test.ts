import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

/** https://spec.graphql.org/October2021/#sec-Mutation: root fields run one after the other, in order. */
describe('mutations', () => {
  function subgraphs() {
    const log: string[] = [];
    const write =
      (name: string) =>
      (_: unknown, { value }: { value: number }) => {
        log.push(`${name}${value}`);
        return { id: `${name}${value}` };
      };
    const side = (name: string, field: string) => ({
      typeDefs: `
        type Query { ${name}Log: [String!]! }
        type Mutation { ${name}(value: Int!): Thing }
        type Thing @key(fields: "id") { id: ID! ${field}: Int }`,
      resolvers: {
        Query: { [`${name}Log`]: () => log },
        Mutation: { [name]: write(name) },
        Thing: { [field]: () => log.length },
      },
    });
    return { log, subgraphs: { left: side('left', 'l'), right: side('right', 'r') } };
  }

  it('keeps their order across subgraphs, and gathers neighbours of one subgraph', async () => {
    const { log, subgraphs: sides } = subgraphs();
    const world = createWorld({ subgraphs: sides });
    const { dataText, requests } = await world.query(
      'mutation { a: left(value: 1) { id } b: left(value: 2) { id } right(value: 3) { id } d: left(value: 4) { id } }',
    );
    expect(log).toEqual(['left1', 'left2', 'right3', 'left4']);
    expect(dataText).toBe('{"a":{"id":"left1"},"b":{"id":"left2"},"right":{"id":"right3"},"d":{"id":"left4"}}');
    expect(asked(requests)).toEqual(['left', 'right', 'left']);
    expect(requests.every((request) => request.operationType === 'mutation')).toBe(true);
  });

  it('reads on from what a mutation returns with queries', async () => {
    const world = createWorld({ subgraphs: subgraphs().subgraphs });
    const { data, requests } = await world.query('mutation { left(value: 1) { id r } }');
    expect(data).toEqual({ left: { id: 'left1', r: 1 } });
    expect(requests.map((request) => request.operationType)).toEqual(['mutation', 'query']);
  });
});
