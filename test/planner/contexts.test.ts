import { describe, expect, it } from 'vitest';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { planner, plannerOf } from './plan.ts';

const users = 'type Query { user: User } type User @key(fields: "id") { id: ID! locale: String! zone: String! }';

describe('fields that take values from a context', () => {
  it('are looked up on their own, once the value above is there', () => {
    const { plan } = planner({
      users,
      pages: `
        type User @key(fields: "id") @context(name: "reader") { id: ID! locale: String! @external page: Page! }
        type Page @key(fields: "id") { id: ID! number: Int! text(locale: String @fromContext(field: "$reader { locale }")): String! }`,
    });
    expect(plan('{ user { page { number text } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            user {
              id
              locale
            }
          }
      wave 2
        #1 pages, after #0
          User { id } at user
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                page {
                  number
                  id
                }
              }
            }
          }
      wave 3
        #2 pages, after #0 #1
          Page { id } at user.page
            $c0 ← user { locale }
          query ($representations: [_Any!]!, $c0: String) {
            _entities(representations: $representations) {
              ... on Page {
                text(locale: $c0)
              }
            }
          }
      "
    `);
  });

  it('that take the same values share a look-up, others stand beside it', () => {
    const { plan } = planner({
      pages: `
        type Query { user: User }
        type User @key(fields: "id") @context(name: "reader") @context(name: "viewer") {
          id: ID! locale: String! zone: String! page: Page!
        }
        type Page @key(fields: "id") {
          id: ID!
          text(locale: String @fromContext(field: "$reader { locale }")): String!
          title(size: Int, in: String @fromContext(field: "$reader { locale }")): String!
          date(locale: String @fromContext(field: "$reader { locale }"), zone: String @fromContext(field: "$viewer { zone }")): String!
        }`,
    });
    expect(plan('{ user { page { text title(size: 3) date } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 pages
          {
            user {
              page {
                id
              }
              locale
              zone
            }
          }
      wave 2
        #1 pages, after #0
          e0: Page { id } at user.page
            $c0_0 ← user { locale }
          e1: Page { id } at user.page
            $c1_0 ← user { locale }
            $c1_1 ← user { zone }
          query ($r0: [_Any!]!, $c0_0: String, $r1: [_Any!]!, $c1_0: String, $c1_1: String) {
            e0: _entities(representations: $r0) {
              ... on Page {
                text(locale: $c0_0)
                title(size: 3, in: $c0_0)
              }
            }
            e1: _entities(representations: $r1) {
              ... on Page {
                date(locale: $c1_0, zone: $c1_1)
              }
            }
          }
      "
    `);
  });

  it('send what they require, too', () => {
    const { plan } = planner({
      users,
      books: 'type Page @key(fields: "id") { id: ID! body: String! }',
      pages: `
        type User @key(fields: "id") @context(name: "reader") { id: ID! locale: String! @external page: Page! }
        type Page @key(fields: "id") {
          id: ID!
          body: String! @external
          text(locale: String @fromContext(field: "$reader { locale }")): String! @requires(fields: "body")
        }`,
    });
    expect(plan('{ user { page { text } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            user {
              id
              locale
            }
          }
      wave 2
        #1 pages, after #0
          User { id } at user
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                page {
                  id
                }
              }
            }
          }
      wave 3
        #2 books, after #1
          Page { id } at user.page
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on Page {
                body
              }
            }
          }
      wave 4
        #3 pages, after #0 #1 #2
          Page { id body } at user.page
            $c0 ← user { locale }
          query ($representations: [_Any!]!, $c0: String) {
            _entities(representations: $representations) {
              ... on Page {
                text(locale: $c0)
              }
            }
          }
      "
    `);
  });

  it('read a value that requires something itself', () => {
    const { plan } = planner({
      users,
      locales: `
        type User @key(fields: "id") { id: ID! zone: String! @external locales: Locales! @requires(fields: "zone") }
        type Locales { first: String! }`,
      pages: `
        type User @key(fields: "id") @context(name: "reader") { id: ID! locales: Locales! @external page: Page! }
        type Locales { first: String! @external }
        type Page @key(fields: "id") { id: ID! text(locale: String @fromContext(field: "$reader { locales { first } }")): String! }`,
    });
    expect(plan('{ user { page { text } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 users
          {
            user {
              id
              zone
            }
          }
      wave 2
        #1 pages, after #0
          User { id } at user
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                page {
                  id
                }
              }
            }
          }
        #2 locales, after #0
          User { id zone } at user
          query ($representations: [_Any!]!) {
            _entities(representations: $representations) {
              ... on User {
                locales {
                  first
                }
              }
            }
          }
      wave 3
        #3 pages, after #1 #2
          Page { id } at user.page
            $c0 ← user { locales { first } }
          query ($representations: [_Any!]!, $c0: String) {
            _entities(representations: $representations) {
              ... on Page {
                text(locale: $c0)
              }
            }
          }
      "
    `);
  });

  it('read it for each type that may be above, where a union sets it', () => {
    const { plan } = planner({
      pages: `
        type Query { search: Found }
        union Found @context(name: "finder") = User | Team
        type User @key(fields: "id") { id: ID! locale: String! page: Page! }
        type Team @key(fields: "id") { id: ID! language: String! pages: [Page!]! }
        type Page @key(fields: "id") {
          id: ID!
          text(locale: String @fromContext(field: "$finder ... on User { locale } ... on Team { language }")): String!
        }`,
    });
    expect(plan('{ search { ... on User { page { text } } ... on Team { pages { text } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 pages
          {
            search {
              __typename
              ... on User {
                page {
                  id
                }
                locale
              }
              ... on Team {
                pages {
                  id
                }
                language
              }
            }
          }
      wave 2
        #1 pages, after #0
          Page { id } at search.[User]page, search.[Team]pages
            $c0 ← search { locale }; search { language }
          query ($representations: [_Any!]!, $c0: String) {
            _entities(representations: $representations) {
              ... on Page {
                text(locale: $c0)
              }
            }
          }
      "
    `);
  });

  it('look further above for objects whose type does not set it', () => {
    const { plan } = planner({
      pages: `
        type Query { user: User }
        type User @key(fields: "id") @context(name: "reader") { id: ID! locale: String! owned: [Owned!]! }
        interface Owned { page: Page! }
        type Book implements Owned { page: Page! }
        type Shelf implements Owned @context(name: "reader") { page: Page! locale: String! }
        type Page @key(fields: "id") { id: ID! text(locale: String @fromContext(field: "$reader { locale }")): String! }`,
    });
    expect(plan('{ user { owned { page { text } } } }')).toMatchInlineSnapshot(`
      "wave 1
        #0 pages
          {
            user {
              owned {
                __typename
                page {
                  id
                }
                ... on Shelf {
                  locale
                }
              }
              locale
            }
          }
      wave 2
        #1 pages, after #0
          Page { id } at user.owned.page
            $c0 ← user.owned (Shelf) { locale }, else user { locale }
          query ($representations: [_Any!]!, $c0: String) {
            _entities(representations: $representations) {
              ... on Page {
                text(locale: $c0)
              }
            }
          }
      "
    `);
  });

  it('are refused where nothing above sets the context', () => {
    const { plan } = plannerOf(readSupergraph(byHand('@join__type(graph: PAGES, key: "id")')));
    expect(() => plan('{ page { text } }')).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedFieldError: Page.text cannot be queried at page.text: the subgraph "pages" takes "locale" (context pages__reader) from @fromContext, but no object above it is of a type that sets the context, or the value there cannot be fetched.]`,
    );
  });

  it('are refused where their type cannot be looked up', () => {
    const { plan } = plannerOf(readSupergraph(byHand('@join__type(graph: PAGES)')));
    expect(() => plan('{ user { page { text } } }')).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedFieldError: Page.text cannot be queried at user.page.text: the subgraph "pages" takes "locale" (context pages__reader) from @fromContext, but Page has no resolvable @key there, which a field with such an argument needs.]`,
    );
  });
});

/** What a composition would not let pass. */
function byHand(page: string): string {
  return `
    schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION) @link(url: "https://specs.apollo.dev/context/v0.1", for: SECURITY) { query: Query }
    enum join__Graph { PAGES @join__graph(name: "pages", url: "http://pages.test") }
    type Query @join__type(graph: PAGES) { user: User page: Page }
    type User @join__type(graph: PAGES, key: "id") @context(name: "pages__reader") { id: ID! locale: String page: Page }
    type Page ${page} {
      id: ID!
      text: String @join__field(graph: PAGES, contextArguments: [{ context: "pages__reader", name: "locale", type: "String", selection: " { locale }" }])
    }`;
}
