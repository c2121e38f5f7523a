import { type GraphQLNamedType, printType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { createWorld, type RecordedRequest } from '../worlds/world.ts';
import { asked } from './asked.ts';

const LOCALES: Record<string, string | null> = { ann: 'de', bob: 'fr', cleo: 'de', dan: null };

/** Who users are, and what language they read. */
const users = {
  typeDefs: `
    type Query { users: [User!]! user(id: ID!): User }
    type User @key(fields: "id") { id: ID! locale: String friends: [User!]! }`,
  resolvers: {
    Query: {
      users: () => ['ann', 'bob', 'cleo'].map((id) => ({ id })),
      user: (_: unknown, { id }: { id: string }) => ({ id }),
    },
    User: {
      __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
      locale: ({ id }: { id: string }) => LOCALES[id],
      friends: ({ id }: { id: string }) => (id === 'ann' ? [{ id: 'bob' }] : [{ id: 'ann' }, { id: 'cleo' }]),
    },
  },
};

/** Pages that say everything in the language of the user whose page they are. */
const pages = {
  typeDefs: `
    type User @key(fields: "id") @context(name: "reader") { id: ID! locale: String @external start: Page! all: [[Page!]!]! }
    type Page @key(fields: "id") {
      id: ID!
      text(size: Int = 1, locale: String @fromContext(field: "$reader { locale }")): String
      title(locale: String @fromContext(field: "$reader { locale }")): String
      body(locale: String @fromContext(field: "$reader { locale }")): Body!
    }
    type Body { words: Int! by: User! }
    type Comment @key(fields: "id") { id: ID! text(locale: String @fromContext(field: "$reader { locale }")): String! }`,
  resolvers: {
    User: {
      __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
      start: () => ({ id: 'p1' }),
      all: () => [[{ id: 'p1' }, { id: 'p2' }], [{ id: 'p3' }]],
    },
    Page: {
      __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
      text: ({ id }: { id: string }, { size, locale }: { size: number; locale: string }) => `${id} ${locale} ${size}`,
      title: ({ id }: { id: string }, { locale }: { locale: string }) => {
        if (locale === 'fr') throw new Error('pas de titre');
        return `${id} in ${locale}`;
      },
      body: (_: unknown, { locale }: { locale: string }) => ({ words: locale === 'de' ? 3 : 5, by: { id: 'bob' } }),
    },
    Comment: {
      __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
      text: ({ id }: { id: string }, { locale }: { locale: string }) => `${id} in ${locale}`,
    },
  },
};

/** Sits between a page and its comments, and knows nothing of languages. */
const comments = {
  typeDefs: `
    type Page @key(fields: "id") { id: ID! comments: [Comment!]! }
    type Comment @key(fields: "id") { id: ID! }`,
  resolvers: {
    Page: {
      __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
      comments: ({ id }: { id: string }) => [{ id: `${id}-c1` }, { id: `${id}-c2` }],
    },
  },
};

const all = { users, pages, comments };

/** The variables of the last request to a subgraph. */
function sent(requests: readonly RecordedRequest[], subgraph: string) {
  return requests.findLast((request) => request.subgraph === subgraph)?.variables;
}

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#fromcontext */
describe('@context and @fromContext', () => {
  it('hides the argument from clients, and knows where its value comes from', () => {
    const { subgraphs, publicSchema } = readSupergraph(createWorld({ subgraphs: all }).supergraphSdl);
    const page = printType(publicSchema.getType('Page') as GraphQLNamedType);
    expect(page).toContain('title: String');
    expect(page).toContain('text(size: Int = 1): String');
    const seen = subgraphs
      .find(({ name }) => name === 'pages')
      ?.types.get('Page')
      ?.fields.get('title');
    expect(seen?.contextArguments).toEqual([
      { name: 'locale', type: 'String', context: 'pages__reader', selection: '{ locale }' },
    ]);
  });

  it('passes each object the value of the object above it', async () => {
    const { data, requests } = await createWorld({ subgraphs: all }).query('{ users { id start { title: text } } }');
    expect(data.users).toEqual([
      { id: 'ann', start: { title: 'p1 de 1' } },
      { id: 'bob', start: { title: 'p1 fr 1' } },
      { id: 'cleo', start: { title: 'p1 de 1' } },
    ]);
    // one request for all languages, and the page once for each of them
    expect(asked(requests)).toEqual(['users', 'pages', 'pages']);
    expect(sent(requests, 'pages')).toEqual({
      representations: [{ __typename: 'Page', id: 'p1' }],
      c0: 'de',
      representations_1: [{ __typename: 'Page', id: 'p1' }],
      c0_1: 'fr',
    });
  });

  it('sends null where the value is null', async () => {
    const { data, errors } = await createWorld({ subgraphs: all }).query('{ user(id: "dan") { start { text } } }');
    expect(data).toEqual({ user: { start: { text: 'p1 null 1' } } });
    expect(errors).toEqual([]);
  });

  it('takes the nearest of several objects above that set the context', async () => {
    const { data } = await createWorld({ subgraphs: all }).query(
      '{ users { start { text } friends { start { text } } } }',
    );
    const start = (locale: string) => ({ start: { text: `p1 ${locale} 1` } });
    expect(data.users).toEqual([
      { ...start('de'), friends: [start('fr')] },
      { ...start('fr'), friends: [start('de'), start('de')] },
      { ...start('de'), friends: [start('de'), start('de')] },
    ]);
  });

  it('reaches through lists of lists', async () => {
    const { data } = await createWorld({ subgraphs: all }).query('{ users { all { text } } }');
    const texts = (locale: string) => ({
      all: [[{ text: `p1 ${locale} 1` }, { text: `p2 ${locale} 1` }], [{ text: `p3 ${locale} 1` }]],
    });
    expect(data.users).toEqual([texts('de'), texts('fr'), texts('de')]);
  });

  it('never lets objects of two values share what lies between', async () => {
    // the page is the same for all, and so are its comments: they are fetched once, but say something else to each user
    const { data, requests } = await createWorld({ subgraphs: all }).query(
      '{ users { start { comments { id text } } } }',
    );
    const start = (locale: string) => ({
      start: {
        comments: [
          { id: 'p1-c1', text: `p1-c1 in ${locale}` },
          { id: 'p1-c2', text: `p1-c2 in ${locale}` },
        ],
      },
    });
    expect(data.users).toEqual([start('de'), start('fr'), start('de')]);
    expect(sent(requests, 'comments')?.representations).toEqual([{ __typename: 'Page', id: 'p1' }]);
  });

  it('gives a field that leads to objects each value its own', async () => {
    const { data } = await createWorld({ subgraphs: all }).query(
      '{ users { start { body { words by { start { text } } } } } }',
    );
    // below `by`, the nearest user is another one
    const start = (words: number) => ({ start: { body: { words, by: { start: { text: 'p1 fr 1' } } } } });
    expect(data.users).toEqual([start(3), start(5), start(3)]);
  });

  it('keeps aliases and arguments of the client apart', async () => {
    const { dataText } = await createWorld({ subgraphs: all }).query(
      'query ($c0: Int, $representations_1: Int) { users { start { id a: text(size: $c0) b: text(size: $representations_1) text } } }',
      { c0: 7, representations_1: 8 },
    );
    const start = (locale: string) =>
      `{"start":{"id":"p1","a":"p1 ${locale} 7","b":"p1 ${locale} 8","text":"p1 ${locale} 1"}}`;
    expect(dataText).toBe(`{"users":[${start('de')},${start('fr')},${start('de')}]}`);
  });

  it('tells an error of one value where that value was passed', async () => {
    const { data, errors } = await createWorld({ subgraphs: all }).query('{ users { start { title } } }');
    expect(data.users.map((user: { start: object }) => user.start)).toEqual([
      { title: 'p1 in de' },
      { title: null },
      { title: 'p1 in de' },
    ]);
    expect(errors).toMatchObject([{ message: 'pas de titre', path: ['users', 1, 'start', 'title'] }]);
  });

  it('reports a field whose value could not be fetched, and asks for nothing without it', async () => {
    const world = createWorld({ subgraphs: { ...all, users: { ...users, ...withoutLocale(users) }, languages } });
    world.fault({ kind: 'failure', subgraph: 'languages' });
    const { data, errors, requests } = await world.query('{ users { id start { id text } } }');
    expect(data.users[0]).toEqual({ id: 'ann', start: { id: 'p1', text: null } });
    expect(errors.map(({ extensions, path }) => [extensions?.code, path])).toContainEqual([
      'REQUIRED_INPUT_MISSING',
      ['users', 0, 'start', 'text'],
    ]);
    expect(asked(requests)).toEqual(['users', 'pages', 'languages']);
  });

  it('asks for nothing where the value is null and the argument must not be', async () => {
    // other compositions let such an argument pass where what is read cannot be null, either
    const sdl = createWorld({ subgraphs: all }).supergraphSdl.replaceAll(
      'name: "locale", type: "String"',
      'name: "locale", type: "String!"',
    );
    const world = createWorld({ subgraphs: all, engine: { supergraph: readSupergraph(sdl) } });
    const { data, errors, requests } = await world.query('{ user(id: "dan") { start { id text } } }');
    expect(data).toEqual({ user: { start: { id: 'p1', text: null } } });
    expect(errors).toMatchObject([
      { path: ['user', 'start', 'text'], extensions: { code: 'REQUIRED_INPUT_MISSING', service: 'pages' } },
    ]);
    expect(asked(requests)).toEqual(['users', 'pages']);
    expect((await world.query('{ user(id: "ann") { start { text } } }')).data).toEqual({
      user: { start: { text: 'p1 de 1' } },
    });
  });

  it('fetches the value from another subgraph than the one that leads there', async () => {
    const world = createWorld({ subgraphs: { ...all, users: { ...users, ...withoutLocale(users) }, languages } });
    const { data, requests } = await world.query('{ users { start { text } } }');
    expect(data.users[1]).toEqual({ start: { text: 'p1 fr 1' } });
    expect(asked(requests).sort()).toEqual(['languages', 'pages', 'pages', 'users']);
  });
});

/** https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/use-contexts */
describe('a context that several types set', () => {
  const found = [
    { __typename: 'User', locale: 'de', page: { id: 'p1' } },
    { __typename: 'Team', language: 'fr', pages: [{ id: 'p1' }, { id: 'p2' }] },
  ];
  const Page = {
    __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
    text: ({ id }: { id: string }, { locale }: { locale: string }) => `${id} in ${locale}`,
  };

  it('is read by each in its own way', async () => {
    const world = createWorld({
      subgraphs: {
        pages: {
          typeDefs: `
            type Query { search: [Found!]! }
            union Found @context(name: "finder") = User | Team
            type User { locale: String page: Page! }
            type Team { language: String pages: [Page!]! }
            type Page @key(fields: "id") {
              id: ID!
              text(locale: String @fromContext(field: "$finder ... on User { locale } ... on Team { language }")): String
            }`,
          resolvers: { Query: { search: () => found }, Page },
        },
      },
    });
    const query = '{ search { ... on User { page { text } } ... on Team { pages { text } } } }';
    const { data, requests } = await world.query(query);
    expect(data.search).toEqual([
      { page: { text: 'p1 in de' } },
      { pages: [{ text: 'p1 in fr' }, { text: 'p2 in fr' }] },
    ]);
    expect(requests).toHaveLength(2);
  });

  const owned = {
    typeDefs: `
      type Query { user: User }
      type User @context(name: "reader") { locale: String owned: [Owned!]! }
      interface Owned { page: Page! }
      type Book implements Owned { page: Page! }
      type Shelf implements Owned @context(name: "reader") { page: Page! locale: String }
      type Page @key(fields: "id") { id: ID! text(locale: String @fromContext(field: "$reader { locale }")): String }`,
    resolvers: {
      Query: {
        user: () => ({
          locale: 'de',
          owned: [
            { __typename: 'Book', page: { id: 'p1' } },
            { __typename: 'Shelf', page: { id: 'p1' }, locale: 'fr' },
            { __typename: 'Shelf', page: { id: 'p1' }, locale: null },
          ],
        }),
      },
      Page,
    },
  };

  it('is taken from further above where the type that is nearer does not set it', async () => {
    const { data } = await createWorld({ subgraphs: { owned } }).query('{ user { owned { page { text } } } }');
    // an object that sets it to null has set it
    expect(data.user.owned.map((item: { page: { text: string } }) => item.page.text)).toEqual([
      'p1 in de',
      'p1 in fr',
      'p1 in null',
    ]);
  });

  it('is taken so within fragments, too, and under each alias', async () => {
    const { data } = await createWorld({ subgraphs: { owned } }).query(
      '{ user { books: owned { ... on Book { page { text } } } owned { ... on Shelf { page { a: text b: text } } } } }',
    );
    const shelf = (text: string) => ({ page: { a: text, b: text } });
    expect(data.user.books).toEqual([{ page: { text: 'p1 in de' } }, {}, {}]);
    expect(data.user.owned).toEqual([{}, shelf('p1 in fr'), shelf('p1 in null')]);
  });
});

describe('a field that takes several values', () => {
  it('is asked for once with each pair of them', async () => {
    const world = createWorld({
      subgraphs: {
        pages: {
          typeDefs: `
            type Query { teams: [Team!]! }
            type Team @context(name: "team") { zone: String users: [User!]! }
            type User @context(name: "reader") { locales: [String] page: Page! }
            type Page @key(fields: "id") {
              id: ID!
              text(zone: String @fromContext(field: "$team { zone }"), locales: [String] @fromContext(field: "$reader { locales }")): String
            }`,
          resolvers: {
            Query: {
              teams: () => [
                {
                  zone: 'CET',
                  users: [
                    { locales: ['de', 'fr'], page: { id: 'p1' } },
                    { locales: [], page: { id: 'p1' } },
                  ],
                },
                { zone: 'GMT', users: [{ locales: ['de', 'fr'], page: { id: 'p1' } }] },
              ],
            },
            Page: {
              __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
              text: (_: unknown, { zone, locales }: { zone: string; locales: string[] }) =>
                `${zone} ${locales.join('+')}`,
            },
          },
        },
      },
    });
    const { data, requests } = await world.query('{ teams { users { page { text } } } }');
    const text = (value: string) => ({ page: { text: value } });
    expect(data.teams).toEqual([{ users: [text('CET de+fr'), text('CET ')] }, { users: [text('GMT de+fr')] }]);
    expect(requests).toHaveLength(2);
  });
});

/** The language of each user in a subgraph of its own. */
const languages = {
  typeDefs: 'type User @key(fields: "id") { id: ID! locale: String }',
  resolvers: {
    User: {
      __resolveReference: (ref: { id: string }) => ({ id: ref.id }),
      locale: ({ id }: { id: string }) => LOCALES[id],
    },
  },
};

function withoutLocale({ typeDefs, resolvers }: typeof users) {
  const { locale: _, ...User } = resolvers.User;
  return { typeDefs: typeDefs.replace('locale: String', ''), resolvers: { ...resolvers, User } };
}
