import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

const find = ({ id }: { id: string }) => ({
  __typename: id.startsWith('b') ? 'Book' : 'Film',
  id,
  title: `title ${id}`,
});

const media = {
  typeDefs: `
    type Query { shelf: [Media!]! }
    interface Media @key(fields: "id") { id: ID! title: String }
    type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
    type Film implements Media @key(fields: "id") { id: ID! title: String }`,
  resolvers: {
    Query: { shelf: () => [find({ id: 'b1' }), find({ id: 'f1' })] },
    Media: { __resolveReference: find },
    Book: { __resolveReference: find, pages: () => 400 },
    Film: { __resolveReference: find },
  },
};

const reviews = {
  typeDefs: `
    type Query { top: Media }
    type Media @interfaceObject @key(fields: "id") { id: ID! title: String @external stars: Int headline: String @requires(fields: "title") }`,
  resolvers: {
    Query: { top: () => ({ id: 'b1' }) },
    Media: {
      stars: ({ id }: { id: string }) => (id === 'b1' ? 5 : 4),
      headline: ({ title }: { title: string }) => `${title}!`,
    },
  },
};

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/interfaces */
describe('@interfaceObject', () => {
  it('adds a field to every implementation, in one look-up under the interface’s name', async () => {
    const world = createWorld({ subgraphs: { media, reviews } });
    const { data, requests } = await world.query('{ shelf { __typename stars } }');
    expect(data.shelf).toEqual([
      { __typename: 'Book', stars: 5 },
      { __typename: 'Film', stars: 4 },
    ]);
    expect(asked(requests)).toEqual(['media', 'reviews']);
    expect(requests[1]?.variables.representations).toEqual([
      { __typename: 'Media', id: 'b1' },
      { __typename: 'Media', id: 'f1' },
    ]);
  });

  it('finds out the runtime type elsewhere, since the interface object does not know it', async () => {
    const world = createWorld({ subgraphs: { media, reviews } });
    const { data, requests } = await world.query('{ top { __typename stars ... on Book { pages } } }');
    expect(data).toEqual({ top: { __typename: 'Book', stars: 5, pages: 400 } });
    expect(asked(requests)).toEqual(['reviews', 'media']);
  });

  it('needs no runtime type where none is asked for', async () => {
    const world = createWorld({ subgraphs: { media, reviews } });
    const { data, requests } = await world.query('{ top { id stars } }');
    expect(data).toEqual({ top: { id: 'b1', stars: 5 } });
    expect(asked(requests)).toEqual(['reviews']);
  });

  it('takes an external field from the subgraph that has it', async () => {
    const world = createWorld({ subgraphs: { media, reviews } });
    const { data, requests } = await world.query('{ top { title } }');
    expect(data).toEqual({ top: { title: 'title b1' } });
    expect(asked(requests)).toEqual(['reviews', 'media']);
  });

  it('takes required fields from the implementations', async () => {
    const world = createWorld({ subgraphs: { media, reviews } });
    const { data, requests } = await world.query('{ shelf { headline } }');
    expect(data.shelf).toEqual([{ headline: 'title b1!' }, { headline: 'title f1!' }]);
    expect(asked(requests)).toEqual(['media', 'reviews']);
  });
});
