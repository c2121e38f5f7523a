import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { Client, fetchExchange } from '@urql/core';
import { expect, it } from 'vitest';
import { httpWorld } from '../../gateway/http-world.ts';

const QUERY = `query Me($id: ID!) { user(id: $id) { __typename id name ... on User @defer(label: "reviews") { reviews { __typename body } }
  ... on User @defer(label: "rating") { rating } } }`;

const WHOLE = {
  user: { __typename: 'User', id: '1', name: 'Ada', reviews: [{ __typename: 'Review', body: 'good' }], rating: 5 },
};

async function start(): Promise<string> {
  const { server } = await httpWorld({
    users: {
      typeDefs: 'type Query { user(id: ID!): User } type User @key(fields: "id") { id: ID! name: String }',
      resolvers: { Query: { user: (_: unknown, { id }: { id: string }) => ({ id, name: 'Ada' }) } },
    },
    reviews: {
      typeDefs: 'type User @key(fields: "id") { id: ID! reviews: [Review!] } type Review { body: String }',
      resolvers: { User: { __resolveReference: ({ id }: { id: string }) => ({ id, reviews: [{ body: 'good' }] }) } },
    },
    ratings: {
      typeDefs: 'type User @key(fields: "id") { id: ID! rating: Int }',
      resolvers: { User: { __resolveReference: ({ id }: { id: string }) => ({ id, rating: 5 }) } },
    },
  });
  return server.url;
}

it.each([
  ['deferSpec=20220824', new Defer20220824Handler()],
  ['incrementalSpec=v0.2', new GraphQL17Alpha9Handler()],
])('Apollo Client reads the parts with %s', async (parameter, incrementalHandler) => {
  const types: (string | null)[] = [];
  const observed: typeof fetch = async (...args) => {
    const response = await fetch(...args);
    types.push(response.headers.get('content-type'));
    return response;
  };
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri: await start(), fetch: observed }),
    incrementalHandler,
  });
  const states: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    const query = client.watchQuery({ query: gql(QUERY), variables: { id: '1' } });
    query.subscribe({
      next: ({ data, dataState, error }) => {
        if (error) reject(error);
        states.push(data);
        if (dataState === 'complete') resolve();
      },
      error: reject,
    });
  });
  client.stop();
  expect(types).toEqual([`multipart/mixed; boundary="-"; ${parameter}`]);
  expect(states.length).toBeGreaterThan(1);
  expect(states.at(-1)).toEqual(WHOLE);
});

it('urql reads the parts', async () => {
  const client = new Client({ url: await start(), exchanges: [fetchExchange], preferGetMethod: false });
  const states: { readonly data: unknown; readonly hasNext: boolean }[] = [];
  await new Promise<void>((resolve, reject) => {
    client.query(QUERY, { id: '1' }).subscribe(({ data, error, hasNext }) => {
      if (error) reject(error);
      states.push({ data, hasNext });
      if (!hasNext) resolve();
    });
  });
  expect(states[0]).toEqual({ data: { user: { __typename: 'User', id: '1', name: 'Ada' } }, hasNext: true });
  expect(states.at(-1)).toEqual({ data: WHOLE, hasNext: false });
});
