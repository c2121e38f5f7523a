import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
// @ts-expect-error: its types are in comments of JavaScript
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { expect, it } from 'vitest';
import { uploadWorld } from './upload-world.ts';

const STORE =
  'mutation ($file: Upload!, $title: String) { store(file: $file, title: $title) { name type size title } }';
const ALL = 'mutation ($input: StoreInput!) { storeInput(input: $input) { title parts } }';
const PREFLIGHT = { 'apollo-require-preflight': 'true' };

const file = () => new File(['a picture '.repeat(50_000)], 'sea.png', { type: 'image/png' });
const STORED = { name: 'sea.png', type: 'image/png', size: 500_000, title: 'The sea' };
const parts = () => ['first', 'second'].map((text) => new File([text], `${text}.txt`, { type: 'text/plain' }));

it('apollo-upload-client sends files', async () => {
  const { url } = await uploadWorld();
  const link = new UploadHttpLink({ uri: url, headers: PREFLIGHT });
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const { data } = await client.mutate({
    mutation: gql(STORE),
    variables: { file: file(), title: 'The sea' },
    fetchPolicy: 'no-cache',
  });
  expect(data).toMatchObject({ store: STORED });
  const nested = await client.mutate({
    mutation: gql(ALL),
    variables: { input: { title: 'Album', parts: parts() } },
    fetchPolicy: 'no-cache',
  });
  expect(nested.data).toMatchObject({ storeInput: { title: 'Album', parts: ['first', 'second'] } });
  client.stop();
});

it('urql sends files', async () => {
  const { url } = await uploadWorld();
  const client = new Client({
    url,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    fetchOptions: { headers: PREFLIGHT },
  });
  const { data, error } = await client.mutation(STORE, { file: file(), title: 'The sea' }).toPromise();
  expect([error, data]).toEqual([undefined, { store: STORED }]);
  const nested = await client.mutation(ALL, { input: { title: 'Album', parts: parts() } }).toPromise();
  expect(nested.data).toEqual({ storeInput: { title: 'Album', parts: ['first', 'second'] } });
});

it('fetch sends a form with files', async () => {
  const { url } = await uploadWorld();
  const form = new FormData();
  form.set('operations', JSON.stringify({ query: STORE, variables: { file: null, title: 'The sea' } }));
  form.set('map', JSON.stringify({ picture: ['variables.file'] }));
  form.set('picture', file());
  const response = await fetch(url, { method: 'POST', body: form });
  expect(await response.json()).toEqual({ data: { store: STORED } });
});
