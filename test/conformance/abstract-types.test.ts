import { describe, expect, it } from 'vitest';
import { createWorld } from '../worlds/world.ts';
import { asked } from './asked.ts';

const media = {
  typeDefs: `
    type Query { shelf: [Item!]! found: [Hit!]! }
    interface Item { id: ID! title: String }
    type Book implements Item @key(fields: "id") { id: ID! title: String pages: Int }
    type Film implements Item @key(fields: "id") { id: ID! title: String minutes: Int }
    type Note { text: String }
    union Hit = Book | Note`,
  resolvers: {
    Query: {
      shelf: () => [
        { __typename: 'Book', id: 'b1', title: 'Emma', pages: 400 },
        { __typename: 'Film', id: 'f1', title: 'Alien', minutes: 117 },
      ],
      found: () => [
        { __typename: 'Note', text: 'hm' },
        { __typename: 'Book', id: 'b1', title: 'Emma', pages: 400 },
      ],
    },
  },
};

const prices = {
  typeDefs: `
    type Book @key(fields: "id") { id: ID! price: Int }
    type Film @key(fields: "id") { id: ID! price: Float }`,
  resolvers: { Book: { price: () => 8 }, Film: { price: () => 9.5 } },
};

/** https://spec.graphql.org/October2021/#sec-Interfaces */
describe('interfaces', () => {
  it('answers fields of the interface and of its types from the subgraph that returns it', async () => {
    const world = createWorld({ subgraphs: { media, prices } });
    const { dataText, requests } = await world.query(
      '{ shelf { __typename title ... on Film { minutes } ... on Book { pages } } }',
    );
    expect(dataText).toBe(
      '{"shelf":[{"__typename":"Book","title":"Emma","pages":400},{"__typename":"Film","title":"Alien","minutes":117}]}',
    );
    expect(asked(requests)).toEqual(['media']);
  });

  it('looks up each runtime type by its own key, in one request', async () => {
    const world = createWorld({ subgraphs: { media, prices } });
    const { data, requests } = await world.query(
      '{ shelf { ... on Book { cost: price } ... on Film { fee: price } } }',
    );
    expect(data.shelf).toEqual([{ cost: 8 }, { fee: 9.5 }]);
    expect(asked(requests)).toEqual(['media', 'prices']);
  });

  it('asks for an interface field that the subgraph knows only on the types', async () => {
    const isbn = {
      typeDefs: `
        interface Item { code: String }
        type Book implements Item @key(fields: "id") { id: ID! code: String }
        type Film implements Item @key(fields: "id") { id: ID! code: String }`,
      resolvers: {
        Book: { code: ({ id }: { id: string }) => `isbn ${id}` },
        Film: { code: ({ id }: { id: string }) => `imdb ${id}` },
      },
    };
    const world = createWorld({ subgraphs: { media, isbn } });
    const { data, requests } = await world.query('{ shelf { code } }');
    expect(data.shelf).toEqual([{ code: 'isbn b1' }, { code: 'imdb f1' }]);
    expect(asked(requests)).toEqual(['media', 'isbn']);
  });

  it('evaluates a fragment on an interface with a single implementation', async () => {
    const single = {
      typeDefs: `
        type Query { node: Node }
        interface Node { id: ID! }
        type Leaf implements Node { id: ID! colour: Colour }
        type Colour { name: String }`,
      resolvers: { Query: { node: () => ({ __typename: 'Leaf', id: '1', colour: { name: 'green' } }) } },
    };
    const world = createWorld({ subgraphs: { single } });
    const { data } = await world.query('{ node { ... on Leaf { colour { name } } } }');
    expect(data).toEqual({ node: { colour: { name: 'green' } } });
  });
});

/** https://spec.graphql.org/October2021/#sec-Unions */
describe('unions', () => {
  it('has empty objects where no fragment fits', async () => {
    const world = createWorld({ subgraphs: { media, prices } });
    const { data, requests } = await world.query('{ found { ... on Book { title } } }');
    expect(data.found).toEqual([{}, { title: 'Emma' }]);
    expect(asked(requests)).toEqual(['media']);
  });

  it('joins the members that are entities', async () => {
    const world = createWorld({ subgraphs: { media, prices } });
    const { data, requests } = await world.query('{ found { ... on Book { price } ... on Note { text } } }');
    expect(data.found).toEqual([{ text: 'hm' }, { price: 8 }]);
    expect(requests[1]?.variables.representations).toEqual([{ __typename: 'Book', id: 'b1' }]);
  });

  it('knows members of which a subgraph has never heard', async () => {
    const search = {
      typeDefs: `
        type Query { best: Hit }
        union Hit = Book
        type Book @key(fields: "id", resolvable: false) { id: ID! }`,
      resolvers: { Query: { best: () => ({ __typename: 'Book', id: 'b1' }) } },
    };
    const world = createWorld({ subgraphs: { media, search, prices } });
    const { data } = await world.query('{ best { ... on Note { text } ... on Book { price } } }');
    expect(data).toEqual({ best: { price: 8 } });
  });
});
