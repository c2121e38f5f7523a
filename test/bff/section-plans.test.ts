import { describe, expect, test } from 'vitest';
import { httpWorld } from '../gateway/http-world.ts';
import { folderOf } from './support.ts';

const author = { id: '1', passport: 'X1', name: 'Ada', biography: 'Born in London.' };
const byKey = { __resolveReference: (reference: object) => ({ ...author, ...reference, price: 12, stock: 7 }) };

/**
 * A book shop. The section `biography` is in `people`, which `library` needs the passport for, of `registry`; `people` has the name as
 * well. The section `stock` is in `warehouse`, which has the price as well, and which `library` needs the shelf for.
 */
function shop(endpoint: string) {
  return httpWorld(
    {
      library: {
        typeDefs: `type Query { book: Book }
          type Book @key(fields: "id") { id: ID! title: String author: Author @shareable }
          type Author @key(fields: "id") { id: ID! name: String @shareable }`,
        resolvers: { Query: { book: () => ({ id: '1', title: 'Notes', author }) } },
      },
      registry: {
        typeDefs: `type Author @key(fields: "id") @key(fields: "passport") { id: ID! passport: ID! }
          type Book @key(fields: "id") @key(fields: "shelf") { id: ID! shelf: ID! }`,
        resolvers: { Author: byKey, Book: { __resolveReference: ({ id }: { id: string }) => ({ id, shelf: 's1' }) } },
      },
      people: {
        typeDefs: `type Book @key(fields: "id") { id: ID! author: Author @shareable }
          type Author @key(fields: "passport") { passport: ID! name: String @shareable biography: String }`,
        resolvers: { Author: byKey, Book: { __resolveReference: ({ id }: { id: string }) => ({ id, author }) } },
      },
      warehouse: {
        typeDefs: 'type Book @key(fields: "shelf") { shelf: ID! stock: Int price: Int @shareable }',
        resolvers: { Book: byKey },
      },
      prices: {
        typeDefs: 'type Book @key(fields: "id") { id: ID! price: Int @shareable }',
        resolvers: { Book: byKey },
      },
    },
    { bffDir: folderOf({ 'web/book.graphql': endpoint }) },
  );
}

type Shop = Awaited<ReturnType<typeof shop>>;

async function get({ server, behave }: Shop, down: string) {
  behave(down, (_, res) => void res.writeHead(500).end());
  const response = await fetch(new URL('/bff/web/book', server.url));
  return { status: response.status, json: await response.json() };
}

describe('a section does not decide which service the rest comes from', () => {
  test('where objects around it are in its service as well', async () => {
    const world = await shop('{ book { title author { name biography @optional(timeout: "5s") } } }');
    expect(await get(world, 'people')).toMatchObject({
      status: 200,
      json: {
        book: { title: 'Notes', author: { name: 'Ada', biography: null } },
        meta: { partial: [{ path: ['book', 'author', 'biography'], code: 'SUBREQUEST_HTTP_ERROR' }] },
      },
    });
  });

  test('where a field beside it is in its service as well', async () => {
    const world = await shop('{ book { title stock @optional(timeout: "5s") price } }');
    expect(await get(world, 'warehouse')).toMatchObject({
      status: 200,
      json: {
        book: { title: 'Notes', stock: null, price: 12 },
        meta: { partial: [{ path: ['book', 'stock'], code: 'SUBREQUEST_HTTP_ERROR' }] },
      },
    });
  });
});
