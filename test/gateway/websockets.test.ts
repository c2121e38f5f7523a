import { type Client, type ClientOptions, createClient, type SubscribePayload } from 'graphql-ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

function openClient(url: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...options,
  });
  onTestFinished(() => void client.dispose());
  return client;
}

/** Returns all that an operation delivers, up to its end. */
async function all(client: Client, payload: SubscribePayload): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const result of client.iterate(payload)) results.push(result);
  return results;
}

describe('WebSockets of clients', () => {
  test('a subscription, a query and a mistake share one connection', async () => {
    const { server, topic } = await subscriptionWorld();
    const client = openClient(server.url);
    const events = client.iterate({ query: ADDED });
    const first = events.next();
    await topic.hasSubscriptions(1);
    expect(await all(client, { query: '{ product(id: 1) { __typename } }' })).toEqual([{ data: { product: null } }]);
    await expect(all(client, { query: '{ nothing }' })).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
    topic.publish(review('good', '7'));
    expect((await first).value).toEqual({ data: { reviewAdded: { body: 'good', product: { name: 'product 7' } } } });
    await events.return?.();
    await topic.hasSubscriptions(0);
    expect(await all(client, { query: 'subscription { count(to: 3) }' })).toEqual(
      [1, 2, 3].map((count) => ({ data: { count } })),
    );
  });
});
