import { describe, expect, it, vi } from 'vitest';
import { MAX_POSITIONS } from '../../src/planner/fetch-graph.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planner, size } from '../planner/plan.ts';
import { createWorld, type WorldSubgraph } from '../worlds/world.ts';

/** What users of gateways have run into; each was a broken answer or a standstill somewhere. */
describe('entities that fail', () => {
  const users = {
    typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String }',
    resolvers: { Query: { users: () => ['1', '2', '3'].map((id) => ({ id, name: `name ${id}` })) } },
  };
  const sizes = {
    typeDefs: 'type User @key(fields: "id") { id: ID! size: Int }',
    resolvers: { User: { size: ({ id }: { id: string }) => Number(id) } },
  };

  it('leave their neighbours alone, where they are null and where they throw', async () => {
    const world = createWorld({ subgraphs: { users, sizes } });
    const isThird = (parent: unknown) => (parent as { id: string }).id === '3';
    world.fault({ kind: 'null-entity', subgraph: 'sizes', type: 'User', where: { id: '1' } });
    world.fault({ kind: 'field-error', subgraph: 'sizes', field: 'User.size', message: 'no size', where: isThird });
    const { data, errors } = await world.query('{ users { name size } }');
    expect(data.users.map((user: { size: number | null }) => user.size)).toEqual([null, 2, null]);
    expect(data.users.map((user: { name: string }) => user.name)).toEqual(['name 1', 'name 2', 'name 3']);
    expect(errors).toMatchObject([{ message: 'no size', path: ['users', 2, 'size'] }]);
  });

  it('are reported where they were only required, not selected', async () => {
    const shirts = {
      typeDefs: 'type User @key(fields: "id") { id: ID! size: Int @external shirt: String @requires(fields: "size") }',
      resolvers: { User: { shirt: ({ size }: { size: unknown }) => `shirt ${size}` } },
    };
    const world = createWorld({ subgraphs: { users, sizes, shirts } });
    const isSecond = (parent: unknown) => (parent as { id: string }).id === '2';
    world.fault({ kind: 'field-error', subgraph: 'sizes', field: 'User.size', message: 'no size', where: isSecond });
    const { data, errors } = await world.query('{ users { shirt } }');
    expect(data.users[0]).toEqual({ shirt: 'shirt 1' });
    expect(data.users[2]).toEqual({ shirt: 'shirt 3' });
    expect(errors).toContainEqual(
      expect.objectContaining({ message: 'no size', extensions: expect.objectContaining({ service: 'sizes' }) }),
    );
  });
});

describe('several look-ups in one request', () => {
  const shop = {
    typeDefs: `
      type Query { cats: [Cat] dogs: [Dog] }
      type Cat @key(fields: "id") { id: ID! } type Dog @key(fields: "id") { id: ID! }`,
    resolvers: { Query: { cats: () => [{ id: 'c1' }], dogs: () => [] } },
  };
  const names = {
    typeDefs: `
      type Cat @key(fields: "id") { id: ID! name: String } type Dog @key(fields: "id") { id: ID! bark: String }`,
    resolvers: { Cat: { name: () => 'Tom' }, Dog: { bark: () => 'woof' } },
  };

  it('leave out the ones that have nothing to look up, which a subgraph may refuse', async () => {
    const world = createWorld({ subgraphs: { shop, names } });
    const { data, errors, requests } = await world.query('{ cats { name } dogs { bark } }');
    expect({ data, errors }).toEqual({ data: { cats: [{ name: 'Tom' }], dogs: [] }, errors: [] });
    const [, request] = requests;
    expect(requests).toHaveLength(2);
    expect(Object.values(request?.variables ?? {})).not.toContainEqual([]);
    expect(request?.query).not.toContain('bark');
  });
});

/** An interface with many implementations, each of them also known to a second subgraph by key. */
function manyTypes(count: number, field: string): Record<string, string> {
  const types = Array.from({ length: count }, (_, n) => `T${n}`);
  return {
    catalog: `
      type Query { node: Node nodes: [Node!]! }
      interface Node { id: ID! ${field} }
      ${types.map((name) => `type ${name} implements Node @key(fields: "id") { id: ID! ${field} own${name}: Int }`).join('\n')}`,
    stock: types.map((name) => `type ${name} @key(fields: "id") { id: ID! stock: Int }`).join('\n'),
  };
}

describe('large interfaces', () => {
  it('of 80 implementations are asked as one, and planned with little work', () => {
    const { stages } = planner(manyTypes(80, 'title: String'));
    stages('{ nodes { id } }');
    const looked = vi.spyOn(FieldIndex.prototype, 'providers');
    const { plan } = stages('{ nodes { id title } }');
    expect(plan.requests.map(({ document }) => document)).toEqual(['{nodes{__typename id title}}']);
    expect(looked.mock.calls.length).toBeLessThan(20);
    looked.mockRestore();
  });

  it('of 80 implementations with a fragment on each make one request to each subgraph', () => {
    const { stages } = planner(manyTypes(80, 'title: String'));
    const fragments = Array.from({ length: 80 }, (_, n) => `... on T${n} { stock ownT${n} }`).join(' ');
    const looked = vi.spyOn(FieldIndex.prototype, 'providers');
    const { plan, fetches } = stages(`{ nodes { id title ${fragments} } }`);
    expect(size(plan)).toEqual([2, 2]);
    expect(fetches.fetches.length).toBe(81);
    expect(looked.mock.calls.length).toBeLessThan(80 * 60);
    looked.mockRestore();
  });
});

/** A person with friends, whose fields come from two subgraphs. */
const people: Record<string, WorldSubgraph> = {
  people: {
    typeDefs: `
      type Query { me: Person }
      type Person @key(fields: "id") { id: ID! name: String friend: Person best: Person }`,
    resolvers: {
      Query: { me: () => ({ id: '1' }) },
      Person: { name: () => 'Ada', friend: () => ({ id: '2' }), best: () => ({ id: '3' }) },
    },
  },
  ages: {
    typeDefs: 'type Person @key(fields: "id") { id: ID! age: Int }',
    resolvers: { Person: { age: () => 36 } },
  },
};

describe('large operations', () => {
  it('answers 300 aliases over a deep tree of fragments', async () => {
    const depth = 30;
    const tree = Array.from({ length: depth }, (_, n) => `fragment F${n} on Person { name friend { ...F${n + 1} } }`);
    const aliases = Array.from({ length: 300 }, (_, n) => `a${n}: age`).join(' ');
    const query = `{ me { ${aliases} ...F0 } } ${tree.join(' ')} fragment F${depth} on Person { age }`;
    const { data, errors, requests } = await createWorld({ subgraphs: people }).query(query);
    expect(errors).toEqual([]);
    expect(Object.keys(data.me)).toHaveLength(302);
    let deepest = data.me;
    for (let n = 0; n < depth; n++) deepest = deepest.friend;
    expect(deepest).toEqual({ age: 36 });
    expect(requests).toHaveLength(2);
  });

  it('answers a document whose fragments spread each other twice, as they are one selection each', async () => {
    const depth = 40;
    const doubling = Array.from({ length: depth }, (_, n) => `fragment F${n} on Person { ...F${n + 1} ...F${n + 1} }`);
    const query = `{ me { ...F0 } } ${doubling.join(' ')} fragment F${depth} on Person { name age }`;
    const { data } = await createWorld({ subgraphs: people }).query(query);
    expect(data).toEqual({ me: { name: 'Ada', age: 36 } });
  });

  it('refuses a document that grows with two to the power of its fragments', async () => {
    const depth = 40;
    const doubling = Array.from({ length: depth }, (_, n) => {
      return `fragment F${n} on Person { friend { ...F${n + 1} } best { ...F${n + 1} } }`;
    });
    const query = `{ me { ...F0 } } ${doubling.join(' ')} fragment F${depth} on Person { age }`;
    const { dataText, errors } = await createWorld({ subgraphs: people }).query(query);
    expect(dataText).toBeUndefined();
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/selects more than \d+ fields/),
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  });

  /** Types that know of `left` in one subgraph and of `right` in the other, so that each level has to tell them apart. */
  const zigzag = (() => {
    const types = ['A', 'B', 'C', 'D', 'E', 'F'];
    const half = (field: string) => `
      interface Node { id: ID! ${field}: Node }
      ${types.map((name) => `type ${name} implements Node @key(fields: "id") { id: ID! ${field}: Node }`).join('\n')}`;
    return planner({ one: `type Query { node: Node } ${half('left')}`, two: half('right') });
  })();
  const zigzagQuery = (depth: number): string =>
    depth === 0 ? '{ id }' : `{ ${depth % 2 === 0 ? 'right' : 'left'} ${zigzagQuery(depth - 1)} }`;

  it('refuses a plan that grows with the power of the types of an interface', () => {
    expect(zigzag.stages(`{ node ${zigzagQuery(4)} }`).plan.positionCount).toBeLessThan(MAX_POSITIONS);
    expect(() => zigzag.stages(`{ node ${zigzagQuery(12)} }`)).toThrow(/more than \d+ places to read objects/);
  });

  it('does not tell the types of an interface apart for what lies below', () => {
    const { stages } = planner({
      nodes: `
        type Query { node: Node }
        interface Node { parent: Node owner: User }
        ${['A', 'B', 'C', 'D'].map((name) => `type ${name} implements Node { parent: Node owner: User }`).join('\n')}
        type User @key(fields: "id") { id: ID! }`,
      users: 'type User @key(fields: "id") { id: ID! name: String }',
    });
    const { plan } = stages(`{ node ${'{ parent '.repeat(6)} { owner { name } } ${'}'.repeat(6)} }`);
    expect(plan.positionCount).toBe(9);
  });
});
