import { expect, it } from 'vitest';
import { createSupergraphProvider } from '../../src/composition/supergraph-provider.ts';
import { KnownNames } from '../../src/gateway/known-names.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { folderWith } from '../composition/folder.ts';

const LINK =
  '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@interfaceObject", "@external"])';

const subgraph = (sdl: string) => `extend schema @subgraph(url: "http://127.0.0.1:1") ${LINK}\n${sdl}`;

async function namesOf(...schemas: Readonly<Record<string, string>>[]): Promise<KnownNames> {
  const names = new KnownNames();
  for (const files of schemas) {
    const named = Object.entries(files).map(([name, sdl]) => [`${name}.graphql`, subgraph(sdl)]);
    const schemasDir = await folderWith(Object.fromEntries(named));
    names.add(readSupergraph((await createSupergraphProvider({ schemasDir }).load()).sdl).subgraphs);
  }
  return names;
}

const BOOKS = `
  type Query { books: [Media] }
  interface Media @key(fields: "id") { id: ID! }
  type Book implements Media @key(fields: "id") @key(fields: "isbn shop { id }") { id: ID! isbn: String shop: Shop }
  type Shop { id: ID! }`;
const RATINGS = 'type Media @interfaceObject @key(fields: "id") { id: ID! rating: Int }';

it('knows subgraphs, root types, interfaces, the objects of interface objects, and compound keys', async () => {
  const names = await namesOf({ books: BOOKS, ratings: RATINGS });
  const unknown = names.unknownIn([
    { kind: 'subgraph', subgraph: 'ratings' },
    { kind: 'type', subgraph: 'books', type: 'Query' },
    { kind: 'type', subgraph: 'books', type: 'Media' },
    { kind: 'type', subgraph: 'ratings', type: 'Media' },
    { kind: 'type', subgraph: 'ratings', type: 'Book' },
    { kind: 'entity', subgraph: 'ratings', type: 'Book', key: '7' },
    { kind: 'entity', type: 'Book', key: { isbn: '1', shop: { id: '2' } } },
    // endpoints know what has an id
    { kind: 'entity', type: 'Shop', key: '7' },
    { kind: 'cache_tag', cache_tag: 'any' },
    { kind: 'type', subgraph: 'ratings', type: 'Shop' },
    { kind: 'entity', type: 'Book', key: { isbn: '1' } },
  ]);
  expect(unknown).toEqual([
    'Request 9: there is no type "Shop" in the subgraph "ratings".',
    'Request 10: "Book" has no key with "isbn"; its keys have "id", or "isbn" and "shop".',
  ]);
});

it('knows what earlier schemas had, whose values may still be cached', async () => {
  const names = await namesOf(
    { books: BOOKS },
    { books: 'type Query { one: String }', other: 'type Query { two: String }' },
  );
  const unknown = names.unknownIn([
    { kind: 'entity', subgraph: 'books', type: 'Book', key: { id: '7' } },
    { kind: 'type', subgraph: 'other', type: 'Query' },
    { kind: 'type', subgraph: 'other', type: 'Book' },
  ]);
  expect(unknown).toEqual(['Request 2: there is no type "Book" in the subgraph "other".']);
});
