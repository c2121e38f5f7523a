import { describe, expect, it } from 'vitest';
import { mergeMessages } from '../worlds/incremental.ts';
import { inEachOrder } from '../worlds/response-orders.ts';
import { createWorld, type World } from '../worlds/world.ts';

/** The different data that a client has in the end, over all orders in which the subgraphs may respond. */
async function dataInEachOrder(world: World, query: string): Promise<unknown[]> {
  const found = new Map<string, unknown>();
  for await (const messages of inEachOrder(world, query)) {
    const { data } = mergeMessages(messages);
    found.set(JSON.stringify(data, sorted), data);
  }
  return [...found.values()];
}

/** Fields are in the order in which they have come. */
function sorted(_key: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}

const failed = () => Promise.reject(new Error('not available'));

describe('two subgraphs return an author, who has no key', () => {
  const books = (author: () => unknown = () => ({ name: 'Ann' })) =>
    createWorld({
      subgraphs: {
        library: {
          typeDefs: 'type Query { author: Author @shareable } type Author { name: String }',
          resolvers: { Query: { author } },
        },
        people: {
          typeDefs: 'type Query { author: Author @shareable } type Author { biography: String }',
          resolvers: { Query: { author: () => ({ biography: 'Born in Bern.' }) } },
        },
        places: { typeDefs: 'type Query { street: String }', resolvers: { Query: { street: () => 'Elm Street' } } },
      },
    });
  const queries = {
    'fragments side by side': `{ street ... @defer { author { name } } ... @defer { author { biography } } }`,
    'fragments within each other': '{ street ... @defer { author { name ... @defer { biography } } } }',
  };

  it.each(Object.entries(queries))('%s: each adds its fields', async (_, query) => {
    const author = { name: 'Ann', biography: 'Born in Bern.' };
    expect(await dataInEachOrder(books(), query)).toEqual([{ street: 'Elm Street', author }]);
  });

  it.each(Object.entries(queries))('%s: the author is null for both or for none', async (_, query) => {
    const down = books();
    down.fault({ kind: 'failure', subgraph: 'library' });
    for (const world of [books(() => null), books(failed), down])
      expect(await dataInEachOrder(world, query)).toEqual([{ street: 'Elm Street', author: null }]);
  });
});

describe('an object that a fragment adds to is in items of a list', () => {
  const authors = (addressOf: (id: string) => unknown) =>
    createWorld({
      subgraphs: {
        library: {
          typeDefs: 'type Query { authors: [Author!] } type Author @key(fields: "id") { id: ID! }',
          resolvers: { Query: { authors: () => [{ id: '1' }, { id: '2' }] } },
        },
        streets: {
          typeDefs: `type Author @key(fields: "id") { id: ID! address: Address @shareable } type Address { street: String }`,
          resolvers: { Author: { __resolveReference: ({ id }: { id: string }) => ({ id, address: addressOf(id) }) } },
        },
        codes: {
          typeDefs: `type Author @key(fields: "id") { id: ID! address: Address @shareable } type Address { code: Int }`,
          resolvers: { Author: { __resolveReference: ({ id }: { id: string }) => ({ id, address: { code: 7 } }) } },
        },
      },
    });
  const query = '{ authors @stream(initialCount: 0) { address { street } ... @defer { address { code } } } }';

  it('the fragment comes for each item', async () => {
    const address = { street: 'Elm Street', code: 7 };
    const world = authors(() => ({ street: 'Elm Street' }));
    expect(await dataInEachOrder(world, query)).toEqual([{ authors: [{ address }, { address }] }]);
  });

  it('where it is null in a later item, it is null although the item waits for earlier ones', async () => {
    const addressOf = (nothing: () => unknown) => (id: string) => (id === '2' ? nothing() : { street: 'Elm Street' });
    const items = [{ address: { street: 'Elm Street', code: 7 } }, { address: null }];
    for (const nothing of [() => null, failed])
      expect(await dataInEachOrder(authors(addressOf(nothing)), query)).toEqual([{ authors: items }]);
  });
});
