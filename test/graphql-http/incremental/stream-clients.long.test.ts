import { readFileSync } from 'node:fs';
import { ApolloClient, gql, HttpLink, InMemoryCache, NetworkStatus } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { Client, fetchExchange } from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { chromium } from 'playwright-core';
import {
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  type GraphQLSingularResponse,
  Network,
  Observable,
  RecordSource,
  Store,
} from 'relay-runtime';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import WebSocket from 'ws';
import { httpWorld } from '../../gateway/http-world.ts';
import { CHROMIUM, PROGRAMS } from '../../programs.ts';
import { type Message, mergeMessages } from '../../worlds/incremental.ts';
import { partsOf } from './read-parts.ts';

const IDS = ['1', '2', '3'];
const QUERY = `query Shop { products @stream(label: "Shop$stream$products", initialCount: 1) {
  __typename id stock ... @defer(label: "Shop$defer$reviews") { reviews } } }`;

const product = (id: string) => ({ __typename: 'Product', id, stock: Number(id), reviews: [`of ${id}`] });
const WHOLE = { products: IDS.map(product) };

/** A gateway over three subgraphs: products, their stock, and their reviews. */
async function start() {
  const reference = (fields: (id: string) => object) => ({
    Product: { __resolveReference: ({ id }: { id: string }) => ({ id, ...fields(id) }) },
  });
  const { server } = await httpWorld({
    products: {
      typeDefs: 'type Query { products: [Product!] } type Product @key(fields: "id") { id: ID! }',
      resolvers: { Query: { products: () => IDS.map((id) => ({ id })) } },
    },
    stock: {
      typeDefs: 'type Product @key(fields: "id") { id: ID! stock: Int! }',
      resolvers: reference((id) => ({ stock: Number(id) })),
    },
    reviews: {
      typeDefs: 'type Product @key(fields: "id") { id: ID! reviews: [String!] }',
      resolvers: reference((id) => ({ reviews: [`of ${id}`] })),
    },
  });
  return server.url;
}

/** What a client shows for a state without all items and fields: how many products, and how many of them have reviews. */
const countsOf = ({ products }: { products?: { reviews?: unknown }[] }) => [
  products?.length,
  products?.filter(({ reviews }) => reviews).length,
];

it.each([
  ['deferSpec=20220824', new Defer20220824Handler()],
  ['incrementalSpec=v0.2', new GraphQL17Alpha9Handler()],
])('Apollo Client reads items and fragments with %s', async (_parameter, incrementalHandler) => {
  const url = await start();
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url }), incrementalHandler });
  onTestFinished(() => client.stop());
  const states: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    client.watchQuery({ query: gql(QUERY) }).subscribe({
      next: ({ data, networkStatus, error }) => {
        if (error) reject(error);
        states.push(data);
        if (networkStatus === NetworkStatus.ready) resolve();
      },
      error: reject,
    });
  });
  expect(states.length).toBeGreaterThan(1);
  expect(states.at(-1)).toEqual(WHOLE);
});

it('urql reads items and fragments', async () => {
  const url = await start();
  const client = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false });
  const states: { readonly data: unknown; readonly hasNext: boolean }[] = [];
  await new Promise<void>((resolve, reject) => {
    client.query(QUERY, {}).subscribe(({ data, error, hasNext }) => {
      if (error) reject(error);
      states.push({ data, hasNext });
      if (!hasNext) resolve();
    });
  });
  expect(states.length).toBeGreaterThan(1);
  expect(states.at(-1)).toEqual({ data: WHOLE, hasNext: false });
});

describe('Relay', () => {
  const DOCS = readFileSync(new URL('../../../docs/streaming.md', import.meta.url), 'utf8');
  const [code] = /^ {4}.*Returns the responses that Relay[\s\S]*?(?=\n\S)/m.exec(DOCS) ?? [];
  const relayResponses: (part: Message) => GraphQLSingularResponse[] = new Function(
    `${code}; return relayResponses;`,
  )();

  const scalar = (name: string) => ({ kind: 'ScalarField', name, alias: null, args: null, storageKey: null });
  const list = (selections: readonly object[]) => ({
    kind: 'LinkedField',
    name: 'products',
    alias: null,
    args: null,
    concreteType: 'Product',
    plural: true,
    storageKey: null,
    selections,
  });
  const deferred = { kind: 'Defer', if: null, label: 'Shop$defer$reviews', selections: [scalar('reviews')] };
  const own = [scalar('__typename'), scalar('id'), scalar('stock')];
  const streamed = { kind: 'Stream', if: null, label: 'Shop$stream$products', selections: [list([...own, deferred])] };

  /** As Relay's compiler makes it. */
  const REQUEST = {
    kind: 'Request',
    fragment: {
      kind: 'Fragment',
      name: 'Shop',
      type: 'Query',
      metadata: null,
      argumentDefinitions: [],
      abstractKey: null,
      selections: [list([...own, scalar('reviews')])],
    },
    operation: { kind: 'Operation', name: 'Shop', argumentDefinitions: [], selections: [streamed] },
    params: { id: null, cacheID: 'shop', name: 'Shop', operationKind: 'query', metadata: {}, text: QUERY },
  } as unknown as ConcreteRequest;

  async function environment() {
    const url = await start();
    const network = Network.create(({ text: query }, variables) =>
      Observable.create((sink) => {
        const read = async () => {
          const headers = { 'content-type': 'application/json', accept: 'multipart/mixed;deferSpec=20220824' };
          const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
          for await (const part of partsOf(response)) for (const single of relayResponses(part)) sink.next(single);
        };
        read().then(() => sink.complete(), sink.error);
      }),
    );
    return new Environment({ network, store: new Store(new RecordSource()) });
  }

  it('reads items and fragments with the network function of the docs', async () => {
    const warnings = vi.spyOn(console, 'error');
    const relay = await environment();
    const states: unknown[] = [];
    await new Promise<void>((complete, error) => {
      fetchQuery(relay, REQUEST, {}).subscribe({ next: (data) => states.push(data), complete, error });
    });
    expect(countsOf(states[0] as never)[0]).toBe(1);
    const { fragment } = createOperationDescriptor(REQUEST, {});
    expect(relay.lookup(fragment)).toMatchObject({ data: WHOLE, isMissingData: false });
    expect(warnings).not.toHaveBeenCalled();
  });
});

describe.skipIf(!PROGRAMS.chromium)('in Chromium', () => {
  /** Runs in the browser. */
  const listen = (url: string): Promise<unknown[]> =>
    new Promise((resolve) => {
      const messages: unknown[] = [];
      const source = new EventSource(url);
      source.addEventListener('next', ({ data }) => messages.push(JSON.parse(data)));
      source.addEventListener('complete', () => {
        source.close();
        resolve(messages);
      });
    });

  it('EventSource reads the parts of a GET', { timeout: 120_000 }, async () => {
    const url = await start();
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(new URL('/health', url).href);
    const messages = await page.evaluate(`(${listen})(${JSON.stringify(`${url}?query=${encodeURIComponent(QUERY)}`)})`);
    expect(mergeMessages(messages as Message[]).data).toEqual(WHOLE);
  });
});

describe('graphql-ws', () => {
  const resultsOf = async (connectionParams: Record<string, unknown>) => {
    const url = (await start()).replace('http', 'ws');
    const client = createClient({ url, connectionParams, retryAttempts: 0, webSocketImpl: WebSocket });
    onTestFinished(() => void client.dispose());
    const results: unknown[] = [];
    for await (const result of client.iterate({ query: QUERY })) results.push(result);
    return results as Message[];
  };

  it.each([
    ['incrementalSpec', 'v0.2'],
    ['deferSpec', '20220824'],
  ])('reads items and fragments with the parameter %s', async (name, version) => {
    const results = await resultsOf({ [name]: version });
    expect(results.length).toBeGreaterThan(1);
    expect(results[0]?.pending !== undefined).toBe(version === 'v0.2');
    expect(mergeMessages(results).data).toEqual(WHOLE);
  });

  it.each([{}, { incrementalSpec: 'v9' }])('reads one whole result with %o', async (parameters) => {
    expect(await resultsOf(parameters)).toEqual([{ data: WHOLE }]);
  });
});

it('graphql-sse reads items and fragments on a single connection', async () => {
  const url = await start();
  const accept = 'multipart/mixed;incrementalSpec=v0.2, application/json';
  const client = createSseClient({
    url: `${url}/stream`,
    singleConnection: true,
    retryAttempts: 0,
    fetchFn: (input: string, init: RequestInit) =>
      fetch(input, init.method === 'POST' ? { ...init, headers: { ...init.headers, accept } } : init),
  });
  onTestFinished(() => client.dispose());
  const results: unknown[] = [];
  for await (const result of client.iterate({ query: QUERY })) results.push(result);
  expect(results.length).toBeGreaterThan(1);
  expect(mergeMessages(results as Message[]).data).toEqual(WHOLE);
});
