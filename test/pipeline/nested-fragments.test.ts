import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MAX_DEFERRED_FRAGMENTS } from '../../src/operation/normalise.ts';
import { messagesOf } from '../worlds/incremental.ts';
import { createWorld } from '../worlds/world.ts';

const byKey = (fields: object) => ({ __resolveReference: (key: object) => ({ ...key, ...fields }) });

/** Returns a resolver whose value comes when all others are there. */
const late = (value: string) => async () => {
  for (let turns = 0; turns < 50; turns++) await setImmediate();
  return value;
};

/** A book whose author, price and reviews are in subgraphs of their own. E-mail addresses come last. */
const world = () =>
  createWorld({
    subgraphs: {
      library: {
        typeDefs: `type Query { medium: Medium } interface Medium { title: String }
          type Book implements Medium @key(fields: "id") { id: ID! title: String }`,
        resolvers: {
          Query: { medium: () => ({ __typename: 'Book', id: '1', title: 'Notes' }) },
          Book: byKey({ title: 'Notes' }),
        },
      },
      people: {
        typeDefs: `type Book @key(fields: "id") { id: ID! authors: [Author!]! }
          type Author { name: String! email: String! }`,
        resolvers: { Book: byKey({ authors: [{ name: 'Ada', email: late('ada@example.org') }] }) },
      },
      shop: {
        typeDefs: 'type Book @key(fields: "id") { id: ID! price: Int! stock: Int }',
        resolvers: { Book: byKey({ price: 12, stock: 3 }) },
      },
      reviews: {
        typeDefs: 'type Book @key(fields: "id") { id: ID! reviews: [Review!] } type Review { body: String }',
        resolvers: { Book: byKey({ reviews: [{ body: 'Good' }] }) },
      },
    },
  });

/** Returns the messages that a client gets, one a line. */
async function linesOf(query: string): Promise<string> {
  const messages = await messagesOf(world(), query);
  return messages.map((message) => JSON.stringify(message)).join('\n');
}

it('a fragment within another one has its fields of a list that the rest has as well', async () => {
  const query = `{ medium {
    ... on Book { authors { name } }
    title
    ... @defer(label: "outer") { ... on Book {
      authors { name }
      ... @defer(label: "inner") { price authors { email } }
    } }
  } }`;
  expect(await linesOf(query)).toMatchInlineSnapshot(`
    "{"data":{"medium":{"authors":[{"name":"Ada"}],"title":"Notes"}},"pending":[{"id":"0","path":["medium"],"label":"inner"}],"hasNext":true}
    {"incremental":[{"id":"0","data":{"price":12}},{"id":"0","subPath":["authors",0],"data":{"email":"ada@example.org"}}],"completed":[{"id":"0"}],"hasNext":false}"
  `);
});

describe('a fragment that is spread in another one and outside of it', () => {
  const spread = '... on Book { ...Offer ... @defer(label: "outer") { reviews { body } ...Offer } }';
  const offer =
    'fragment Offer on Book { ... @defer(label: "offer") { price ... @defer(label: "authors") { authors { email } } } }';

  it('is announced and delivered once', async () => {
    expect(await linesOf(`{ medium { ${spread} } } ${offer}`)).toMatchInlineSnapshot(`
      "{"data":{"medium":{}},"pending":[{"id":"0","path":["medium"],"label":"offer"},{"id":"2","path":["medium"],"label":"outer"}],"hasNext":true}
      {"pending":[{"id":"1","path":["medium"],"label":"authors"}],"incremental":[{"id":"0","data":{"price":12}},{"id":"2","data":{"reviews":[{"body":"Good"}]}}],"completed":[{"id":"0"},{"id":"2"}],"hasNext":true}
      {"incremental":[{"id":"1","data":{"authors":[{"email":"ada@example.org"}]}}],"completed":[{"id":"1"}],"hasNext":false}"
    `);
  });

  it('ends with the outer one, where that fails and has both', async () => {
    const query = `{ medium { title ... on Book {
      ... @defer(label: "outer") { price ...Names ... @defer(label: "inner") { reviews { body } ...Names } }
    } } } fragment Names on Book { ... @defer(label: "names") { authors { name } } }`;
    const broken = world();
    broken.fault({ kind: 'failure', subgraph: 'shop' });
    const [first, ...others] = await messagesOf(broken, query);
    expect(first?.pending).toEqual([{ id: '0', path: ['medium'], label: 'outer' }]);
    expect(others).toMatchObject([
      { completed: [{ id: '0', errors: [{ path: ['medium', 'price'] }] }], hasNext: false },
    ]);
  });

  it('is so, too, where the second one is beyond the number of fragments that are deferred', async () => {
    // these need no request, and are counted first
    const others = Array(MAX_DEFERRED_FRAGMENTS - 4).fill('... @defer { __typename }');
    expect(await linesOf(`{ medium { ${others.join(' ')} ${spread} } } ${offer}`)).toMatchInlineSnapshot(`
      "{"data":{"medium":{"__typename":"Book"}},"pending":[{"id":"0","path":["medium"],"label":"offer"},{"id":"2","path":["medium"],"label":"outer"}],"hasNext":true}
      {"incremental":[{"id":"2","data":{"reviews":[{"body":"Good"}]}}],"completed":[{"id":"2"}],"hasNext":true}
      {"pending":[{"id":"1","path":["medium"],"label":"authors"}],"incremental":[{"id":"0","data":{"price":12}},{"id":"0","data":{"authors":[{"email":"ada@example.org"}]}}],"completed":[{"id":"0"},{"id":"1"}],"hasNext":false}"
    `);
  });
});
