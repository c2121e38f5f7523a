import type { WorldSubgraph } from '../../worlds/world.ts';

const page = (first: number) => Array.from({ length: first }, (_, i) => ({ id: `${i}`, title: `t${i}` }));

/** A library of books, and reviews of them in a second subgraph. */
export const costly: Record<string, WorldSubgraph> = {
  books: {
    typeDefs: `
      type Query {
        book: Book
        books: [Book]
        shelf: [Book] @listSize(assumedSize: 3)
        page(first: Int, last: Int): [Book] @listSize(slicingArguments: ["first", "last"], assumedSize: 4)
        latest(first: Int = 6): [Book] @listSize(slicingArguments: ["first"])
        search(filter: Filter, by: By @cost(weight: 0), size: Int): [Book] @listSize(slicingArguments: ["size"], requireOneSlicingArgument: false)
        connection(first: Int): BookConnection @listSize(slicingArguments: ["first"], sizedFields: ["nodes", "edges"])
        window(in: Window = { first: 12 } @cost(weight: 0), n: Int): [Book] @listSize(slicingArguments: ["n"], assumedSize: 15)
        windowed(in: Window @cost(weight: 0), n: Int): [Book] @listSize(slicingArguments: ["n"], assumedSize: 15)
        both(first: Int = 3, last: Int = 8): [Book] @listSize(slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
        some(count: Count, m: Int): [Book] @listSize(slicingArguments: ["m"], assumedSize: 4)
        rebate: String @cost(weight: -100)
        rebated(cheap: Boolean @cost(weight: -3)): Book
        rebates: [Rebate]
        thing: Thing
        node: Node
        costly: String @cost(weight: 7)
        level: Level
        weighed(a: Int @cost(weight: 3), b: Int): Int
      }
      type Mutation { add(filter: Filter): Book }
      interface Node { id: ID! related: [Book] @listSize(assumedSize: 2) }
      type Book implements Node @key(fields: "id") { id: ID! title: String author: Author related: [Book] @listSize(assumedSize: 2) }
      type Author @cost(weight: 5) { name: String books: [Book] }
      type Film implements Node { id: ID! director: Author related: [Book] @listSize(assumedSize: 2) studio: String @cost(weight: 20) }
      type BookConnection { nodes: [Book] edges: [Edge] total: Int }
      type Edge { node: Book }
      union Thing = Book | Film | Author
      enum Level @cost(weight: 2) { LOW }
      input Filter { title: String  tags: [Tag!] or: Filter }
      input Tag { name: String @cost(weight: 4) }
      type Rebate @cost(weight: -5) { book: Book }
      scalar Count
      input Window { first: Int = 9 }
      input By { first: Int }`,
    resolvers: {
      Query: {
        book: () => page(1)[0],
        books: () => page(2),
        shelf: () => null,
        page: (_: unknown, { first, last }: { first?: number; last?: number }) => page(first ?? last ?? 1),
        connection: (_: unknown, { first }: { first?: number }) => ({ nodes: page(first ?? 1), total: 9 }),
        thing: () => ({ __typename: 'Film', id: 'f', studio: 's' }),
        weighed: () => 1,
        rebate: () => 'r',
        rebates: () => [{ book: page(1)[0] }, { book: null }],
      },
      Mutation: { add: () => page(1)[0] },
      Book: { author: () => ({ name: 'A' }) },
    },
  },
  reviews: {
    typeDefs:
      'type Book @key(fields: "id") { id: ID! reviews: [Review] @listSize(assumedSize: 5) stars: Int @cost(weight: 3) } type Review { text: String }',
    resolvers: { Book: { reviews: () => [{ text: 'x' }], stars: () => 5 } },
  },
};
