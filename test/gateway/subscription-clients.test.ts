import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { CombinedGraphQLErrors, CombinedProtocolErrors } from '@apollo/client/errors';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import {
  type AnyVariables,
  fetchExchange,
  type OperationResult,
  subscriptionExchange,
  Client as UrqlClient,
} from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { type ClientOptions, createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import WebSocket from 'ws';
import { cuttable } from './cuttable.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

/** What a client delivers: the bodies of reviews, codes of errors, and `end`. */
type Delivered = string[];

interface Subscribed {
  readonly delivered: Delivered;
  unsubscribe(): void;
}

/** A library of clients, and how it subscribes. */
interface ClientKind {
  readonly name: string;
  subscribe(url: string, query: string): Subscribed;
}

const bodyOf = (data: unknown): string => {
  const { reviewAdded } = data as { reviewAdded: { body: string; product: { name: string } | null } };
  return `${reviewAdded.body} of ${reviewAdded.product?.name}`;
};
const codeOf = (error: unknown): string => {
  const known = CombinedGraphQLErrors.is(error) || CombinedProtocolErrors.is(error) ? error.errors : undefined;
  const [first] = known ?? (Array.isArray(error) ? error : [error]);
  return String(first?.extensions?.code ?? first);
};

function wsClient(url: string, more: Partial<ClientOptions> = {}) {
  const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0, ...more });
  onTestFinished(() => void client.dispose());
  return client;
}

function byApollo(link: (url: string) => ConstructorParameters<typeof ApolloClient>[0]['link']) {
  return (url: string, query: string): Subscribed => {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: link(url) });
    onTestFinished(() => client.stop());
    const delivered: Delivered = [];
    const subscription = client.subscribe({ query: gql(query) }).subscribe({
      next: ({ data, error }) => void delivered.push(error ? codeOf(error) : bodyOf(data)),
      error: (error) => void delivered.push(codeOf(error)),
      complete: () => void delivered.push('end'),
    });
    return { delivered, unsubscribe: () => subscription.unsubscribe() };
  };
}

function byUrql(client: UrqlClient, query: string): Subscribed {
  const delivered: Delivered = [];
  let last: unknown;
  const onResult = ({ data, error, hasNext }: OperationResult<unknown, AnyVariables>) => {
    if (error) delivered.push(String(error.graphQLErrors[0]?.extensions.code ?? error.message));
    // the last event comes again with the end
    else if (data && data !== last) delivered.push(bodyOf(data));
    last = data;
    if (!hasNext) delivered.push('end');
  };
  const { unsubscribe } = client.subscription(query, {}).subscribe(onResult);
  return { delivered, unsubscribe };
}

const sinkOf = (delivered: Delivered) => ({
  next: ({ data, errors }: { data?: unknown; errors?: readonly unknown[] | undefined }) =>
    void delivered.push(errors ? codeOf(errors) : bodyOf(data)),
  error: (error: unknown) => void delivered.push(codeOf(error)),
  complete: () => void delivered.push('end'),
});

const CLIENTS: readonly ClientKind[] = [
  { name: 'Apollo Client over multipart', subscribe: byApollo((uri) => new HttpLink({ uri })) },
  { name: 'Apollo Client over a WebSocket', subscribe: byApollo((url) => new GraphQLWsLink(wsClient(url))) },
  {
    name: 'urql over a WebSocket',
    subscribe(url, query) {
      const client = wsClient(url);
      const forwardSubscription = (request: { query?: string; variables?: unknown }) => ({
        subscribe: (sink: Parameters<typeof client.subscribe>[1]) => ({
          unsubscribe: client.subscribe({ query: request.query ?? '' }, sink),
        }),
      });
      const exchanges = [subscriptionExchange({ forwardSubscription: forwardSubscription as never })];
      return byUrql(new UrqlClient({ url, preferGetMethod: false, exchanges }), query);
    },
  },
  {
    name: 'urql over fetch',
    subscribe: (url, query) =>
      byUrql(
        new UrqlClient({ url, preferGetMethod: false, fetchSubscriptions: true, exchanges: [fetchExchange] }),
        query,
      ),
  },
  {
    name: 'graphql-ws',
    subscribe(url, query) {
      const delivered: Delivered = [];
      return { delivered, unsubscribe: wsClient(url).subscribe({ query }, sinkOf(delivered)) };
    },
  },
  ...[false, true].map(
    (singleConnection): ClientKind => ({
      name: `graphql-sse over ${singleConnection ? 'one connection' : 'distinct connections'}`,
      subscribe(url, query) {
        const delivered: Delivered = [];
        const client = singleConnection
          ? createSseClient({ url: `${url}/stream`, singleConnection, retryAttempts: 0 })
          : createSseClient({ url, retryAttempts: 0 });
        onTestFinished(() => client.dispose());
        return { delivered, unsubscribe: client.subscribe({ query }, sinkOf(delivered)) };
      },
    }),
  ),
];

/** Waits until a client has delivered something. */
const sees = (subscribed: Subscribed, expected: Delivered) => expect.poll(() => subscribed.delivered).toEqual(expected);

// the link of Apollo Client compares with it; Node 20 has none
beforeAll(() => void vi.stubGlobal('WebSocket', WebSocket));
afterAll(() => void vi.unstubAllGlobals());

describe.each(CLIENTS)('$name', ({ subscribe }) => {
  test('delivers the events, and sees the end', async () => {
    const { server, topic } = await subscriptionWorld();
    const subscribed = subscribe(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    await sees(subscribed, ['good of product 7']);
    topic.publish(review('bad', '8'));
    topic.end();
    await sees(subscribed, ['good of product 7', 'bad of product 8', 'end']);
  });

  test('sees why a subscription is refused', async () => {
    const { server } = await subscriptionWorld();
    const subscribed = subscribe(server.url, 'subscription { reviewAdded { nothing } }');
    await expect.poll(() => subscribed.delivered[0]).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test('sees the error that ends a subscription', async () => {
    const { server, topic, update, supergraphSdl } = await subscriptionWorld();
    const subscribed = subscribe(server.url, ADDED);
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    await sees(subscribed, ['good of product 7']);
    update(supergraphSdl.replace('  body: String', '  text: String'));
    await expect.poll(() => subscribed.delivered[1]).toBe('SUBSCRIPTION_SCHEMA_CHANGED');
  });

  test('cancels the subscription at the subgraph', async () => {
    const { server, topic } = await subscriptionWorld();
    const { unsubscribe } = subscribe(server.url, ADDED);
    await topic.hasSubscriptions(1);
    unsubscribe();
    await topic.hasSubscriptions(0);
  });
});

describe('clients that connect again', () => {
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  // the second name is that of graphql-sse
  const soon = { retryAttempts: 20, retryWait: wait, retry: wait };

  test.each([
    {
      name: 'graphql-ws',
      open: (url: string) => wsClient(url, { ...soon, shouldRetry: () => true }),
    },
    { name: 'graphql-sse', open: (url: string) => createSseClient({ url, ...soon }) },
    {
      name: 'graphql-sse over one connection',
      open: (url: string) => createSseClient({ url: `${url}/stream`, singleConnection: true, ...soon }),
    },
  ])('$name has one subscription again after its connection was cut', async ({ open }) => {
    const world = await subscriptionWorld({ shutdown: { grace: '1s' } });
    const { url, cut } = await cuttable(world.server.url);
    const delivered: Delivered = [];
    const client = open(url);
    onTestFinished(() => void client.dispose());
    const unsubscribe = client.subscribe({ query: ADDED }, sinkOf(delivered));
    for (const body of ['first', 'second', 'third']) {
      if (body !== 'first') cut();
      const publish = () => {
        world.topic.publish(review(body));
        return delivered;
      };
      await expect.poll(publish).toContain(`${body} of product 1`);
    }
    // each event has arrived once: there is one subscription
    await world.topic.hasSubscriptions(1);
    world.topic.publish(review('last'));
    await expect.poll(() => delivered.filter((one) => one === 'last of product 1')).toHaveLength(1);
    unsubscribe();
    await world.topic.hasSubscriptions(0);
  });

  test('graphql-ws goes elsewhere when the gateway stops', async () => {
    const [stopping, other] = [await subscriptionWorld({ shutdown: { grace: '1s' } }), await subscriptionWorld()];
    const targets = [stopping.server.url, other.server.url].map((url) => url.replace('http', 'ws'));
    const codes: number[] = [];
    const client = wsClient('', {
      ...soon,
      url: () => targets.shift() ?? other.server.url,
      on: { closed: (event) => void codes.push((event as { code: number }).code) },
    });
    const delivered: Delivered = [];
    const unsubscribe = client.subscribe({ query: ADDED }, sinkOf(delivered));
    await stopping.topic.hasSubscriptions(1);
    const stopped = stopping.server.close();
    await other.topic.hasSubscriptions(1);
    expect(codes).toEqual([1001]);
    await stopped;
    other.topic.publish(review('elsewhere'));
    await expect.poll(() => delivered).toEqual(['elsewhere of product 1']);
    unsubscribe();
    await other.topic.hasSubscriptions(0);
  });

  test('graphql-ws does not try again where its credentials are refused', async () => {
    const { server } = await subscriptionWorld({
      authentication: {
        require_authentication: true,
        router: { jwt: { jwks: [{ secret: 'a secret of thirty-two characters' }] } },
      },
    });
    const client = wsClient(server.url, { ...soon, connectionParams: { authorization: 'Bearer nonsense' } });
    const error = await new Promise((resolve) => client.subscribe({ query: ADDED }, { ...sinkOf([]), error: resolve }));
    expect(error).toMatchObject({ code: 4401 });
  });
});
