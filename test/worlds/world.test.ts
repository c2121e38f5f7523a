import { execute, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { createWorld, type World } from './world.ts';

const people = {
  typeDefs: 'type Query { me: Person } type Person @key(fields: "id") { id: ID! name: String }',
  resolvers: {
    Query: { me: () => ({ id: 'a' }) },
    Person: {
      __resolveReference: (ref: { id: string }) => ref,
      name: (person: { id: string }) => `name of ${person.id}`,
    },
  },
};

function send(world: World, subgraph: string, query: string, variables: unknown = {}): Promise<SubgraphResponse> {
  const request = {
    body: JSON.stringify({ query, variables }),
    operationType: 'query',
    client: { requestId: 'test', headers: {} },
  } as const;
  return new Promise((resolve) => world.sources.get(subgraph)?.send(request, resolve));
}

const ENTITIES = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Person { name } } }';
const TWO_PEOPLE = {
  r: [
    { __typename: 'Person', id: 'a' },
    { __typename: 'Person', id: 'b' },
  ],
};

describe('a test world', () => {
  it('answers as its subgraph would, and records the request', async () => {
    const world = createWorld({ subgraphs: { people } });
    const answer = await send(world, 'people', ENTITIES, TWO_PEOPLE);
    expect(answer).toMatchObject({ text: '{"data":{"_entities":[{"name":"name of a"},{"name":"name of b"}]}}' });
    expect(world.requests).toMatchObject([{ subgraph: 'people', query: ENTITIES, variables: TWO_PEOPLE }]);
    expect(world.violations).toEqual([]);
  });

  it('keeps a document that the subgraph does not accept as a violation', async () => {
    const world = createWorld({ subgraphs: { people } });
    await send(world, 'people', '{ me { height } }');
    expect(world.violations).toMatchObject([
      { subgraph: 'people', problems: ['Cannot query field "height" on type "Person".'] },
    ]);
  });

  it('lists why subgraphs do not compose', () => {
    const other = { typeDefs: 'type Query { you: Person } type Person @key(fields: "id") { id: ID! name: Int }' };
    expect(() => createWorld({ subgraphs: { people, other } })).toThrow(/FIELD_TYPE_MISMATCH.*Person\.name/);
  });

  it('plays scripted faults until healed', async () => {
    const world = createWorld({ subgraphs: { people } });
    world.fault({ kind: 'null-entity', subgraph: 'people', type: 'Person', where: { id: 'a' } });
    world.fault({ kind: 'field-error', subgraph: 'people', field: 'Person.name', message: 'no name' });
    expect(await send(world, 'people', ENTITIES, TWO_PEOPLE)).toMatchObject({
      text: expect.stringMatching(/"message":"no name".*"data":\{"_entities":\[null,\{"name":null\}\]\}/),
    });
    world.heal();
    world.fault({ kind: 'failure', subgraph: 'people', failure: { code: 'SUBREQUEST_TIMEOUT' } });
    expect(await send(world, 'people', '{ me { id } }')).toMatchObject({ failure: { code: 'SUBREQUEST_TIMEOUT' } });
    world.heal();
    expect(await send(world, 'people', '{ me { id } }')).toMatchObject({ text: '{"data":{"me":{"id":"a"}}}' });
  });

  it('gives every subgraph an executable schema', async () => {
    const schema = createWorld({ subgraphs: { people } }).schemas.get('people');
    if (!schema) throw new Error('no schema');
    expect(await execute({ schema, document: parse('{ me { name } }') })).toEqual({
      data: { me: { name: 'name of a' } },
    });
  });

  it('looks up entities of object types, interfaces and interface objects', async () => {
    const media = {
      typeDefs: `
        type Query { any: Media }
        interface Media @key(fields: "id") { id: ID! }
        type Book implements Media @key(fields: "id") { id: ID! pages: Int }`,
      resolvers: { Media: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Book', id, pages: 7 }) } },
    };
    const stars = {
      typeDefs: 'type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int }',
      resolvers: { Media: { stars: () => 5 } },
    };
    const world = createWorld({ subgraphs: { media, stars } });
    const media1 = { r: [{ __typename: 'Media', id: '1' }] };
    const find = (name: string, fields: string) =>
      send(world, name, `query ($r: [_Any!]!) { _entities(representations: $r) { __typename ${fields} } }`, media1);
    expect(await find('media', '... on Book { id pages }')).toMatchObject({
      text: '{"data":{"_entities":[{"__typename":"Book","id":"1","pages":7}]}}',
    });
    expect(await find('stars', '... on Media { id stars }')).toMatchObject({
      text: '{"data":{"_entities":[{"__typename":"Media","id":"1","stars":5}]}}',
    });
    expect(world.violations).toEqual([]);
  });

  it('tells an error of one entity at that entity, and refuses a resolver for nothing', async () => {
    const failing = {
      ...people,
      resolvers: {
        Person: {
          __resolveReference: ({ id }: { id: string }) => {
            if (id === 'b') throw new Error('b is lost');
            return { id, name: id };
          },
        },
      },
    };
    const world = createWorld({ subgraphs: { failing } });
    expect(await send(world, 'failing', ENTITIES, TWO_PEOPLE)).toMatchObject({
      text: expect.stringMatching(
        /"message":"b is lost".*"path":\["_entities",1\].*"_entities":\[\{"name":"a"\},null\]/,
      ),
    });
    const resolvers = { Person: { nmae: () => 'a' } };
    expect(() => createWorld({ subgraphs: { people: { ...people, resolvers } } })).toThrow('"Person.nmae"');
  });
});
