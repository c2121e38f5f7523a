import { GraphQLError } from 'graphql';

/** A schema and endpoints with all that is hard to read for generated clients: unions, sections that fail, input objects. */
export const FEED_SDL = `
  type Query {
    feed(filter: FeedFilter, grid: [[Int!]!]): [Entry!]!
    find(by: Lookup!): Node
  }
  type Mutation { publish(title: String!): Entry!, delete(id: ID!): Boolean! }
  union Entry = Post | Event
  interface Node { id: ID! }
  type Post implements Node { id: ID!, title: String!, likes: Int, author: Person! }
  type Event implements Node { id: ID!, title: String!, startsAt: DateTime!, place: Place }
  type Person { name: String! }
  type Place { city: String! }
  enum Kind { POST EVENT }
  input FeedFilter { inStock: Boolean, kind: Kind, words: String = "any" }
  input Lookup @oneOf { id: ID, title: String }
  scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
`;

export const FEED_FILES = {
  'app/feed.graphql': `query ($filter: FeedFilter, $grid: [[Int!]!]) {
  feed(filter: $filter, grid: $grid) {
    ... on Post { id title likes @optional author { name } }
    ... on Event { id title startsAt place @optional { city } }
  }
}`,
  'app/find.graphql': `query ($by: Lookup!) @endpoint(path: "/entries") {
  entry: find(by: $by) { id ... on Post { title } }
}`,
  'app/publish.graphql': `mutation ($title: String!) @endpoint(path: "/entries", status: 201, idempotency: {required: true}) {
  entry: publish(title: $title) { ... on Post { id title } ... on Event { id startsAt } }
}`,
  'app/delete.graphql':
    'mutation ($entry: ID!) @endpoint(path: "/entries/:entry", method: DELETE) { gone: delete(id: $entry) }',
};

const post = { __typename: 'Post', id: 'p1', title: 'Hello', author: { name: 'Ada' }, likes: failing };
const event = { __typename: 'Event', id: 'e1', title: 'Picnic', startsAt: '2026-05-01T12:00:00Z', place: null };

function failing(): never {
  throw new GraphQLError('likes: no answer', { extensions: { code: 'SUBREQUEST_HTTP_ERROR', service: 'likes' } });
}

interface FeedArguments {
  readonly filter?: { readonly inStock?: boolean; readonly kind?: string; readonly words?: string };
  readonly grid?: readonly (readonly number[])[];
}

/** What the endpoints answer with. With a filter or a grid, one post whose title says what was read. */
export const feedRoot = {
  feed: ({ filter, grid }: FeedArguments) => {
    if (filter === undefined && grid === undefined) return [post, event];
    return [{ ...post, title: JSON.stringify({ filter, grid }) }];
  },
  find: ({ by }: { readonly by: { readonly id?: string; readonly title?: string } }) =>
    by.title === undefined ? { ...event, id: by.id } : { ...post, title: by.title },
  publish: ({ title }: { readonly title: string }) => (title === 'Picnic' ? event : { ...post, title }),
  delete: ({ id }: { readonly id: string }) => id === 'p1',
};
