import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/sharing-types */
describe('@shareable and value types', () => {
  it('asks one subgraph for a field that several can answer', async () => {
    const one = {
      typeDefs: 'type Query { now: Time @shareable } type Time @shareable { hour: Int }',
      resolvers: { Query: { now: () => ({ hour: 9 }) } },
    };
    const world = createWorld({ subgraphs: { one, two: one } });
    const { data, requests } = await world.query('{ now { hour } }');
    expect(data).toEqual({ now: { hour: 9 } });
    expect(requests).toHaveLength(1);
  });

  it('puts a value together of what each subgraph knows of it, list items by their place', async () => {
    const left = {
      typeDefs: 'type Query { points: [Point] @shareable } type Point @shareable { x: Int colour: String }',
      resolvers: { Query: { points: () => [{ x: 1, colour: 'red' }, null, { x: 3, colour: 'blue' }] } },
    };
    const right = {
      typeDefs: 'type Query { points: [Point] @shareable } type Point @shareable { y: Int colour: String }',
      resolvers: { Query: { points: () => [{ y: 10, colour: 'red' }, null, { y: 30, colour: 'blue' }] } },
    };
    const world = createWorld({ subgraphs: { left, right } });
    const { dataText, requests } = await world.query('{ points { y x colour } }');
    expect(dataText).toBe('{"points":[{"y":10,"x":1,"colour":"red"},null,{"y":30,"x":3,"colour":"blue"}]}');
    expect(asked(requests).sort()).toEqual(['left', 'right']);
  });

  it('asks the subgraph that can answer most, not one for each field', async () => {
    const few = {
      typeDefs: 'type Query { user: User @shareable } type User @shareable { name: String }',
      resolvers: { Query: { user: () => ({ name: 'Ada' }) } },
    };
    const all = {
      typeDefs: 'type Query { user: User @shareable } type User @shareable { name: String age: Int }',
      resolvers: { Query: { user: () => ({ name: 'Ada', age: 36 }) } },
    };
    const world = createWorld({ subgraphs: { few, all } });
    const { data, requests } = await world.query('{ user { name age } }');
    expect(data).toEqual({ user: { name: 'Ada', age: 36 } });
    expect(asked(requests)).toEqual(['all']);
  });
});
