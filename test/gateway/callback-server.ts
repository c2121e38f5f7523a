import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSchema } from 'graphql';
import { onTestFinished } from 'vitest';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { openRelay } from './relay.ts';
import { type Review, Topic } from './subscription-world.ts';

export const REVIEWS = `
  type Query { reviews: Int }
  type Subscription { reviewAdded: Review }
  type Review { id: ID! body: String product: Product }
  type Product { id: ID! }
`;

/** The schema file of a subgraph with these subscriptions. */
export const reviewsFile = (url: string) => `
  extend schema @subgraph(url: "${url}")
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  ${REVIEWS.replace('type Product', 'type Product @key(fields: "id", resolvable: false)')}`;

/** A subgraph of Apollo Server, which sends events in callbacks. */
export async function apolloServer() {
  const topic = new Topic<Review>();
  const schema = buildSchema(REVIEWS);
  const field = schema.getSubscriptionType()?.getFields().reviewAdded;
  if (field) Object.assign(field, { subscribe: () => topic.subscribe(), resolve: (event: Review) => event });
  const server = new ApolloServer({
    schema,
    plugins: [ApolloServerPluginSubscriptionCallback()],
    stopOnTerminationSignals: false,
  });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  onTestFinished(() => server.stop());
  return { url, topic };
}

/** A gateway whose subgraphs send their events in callbacks. */
export async function callbackGateway(
  files: Readonly<Record<string, string>>,
  callback: object = {},
  config: object = {},
) {
  const relay = await openRelay();
  const publicUrl = `http://127.0.0.1:${relay.port}/subscriptions/callback`;
  const mode = { callback: { public_url: publicUrl, ...callback } };
  const gateway = await gatewayOver(files, {
    subscription: { mode, reconnect: { backoff: { base: '10ms' } } },
    ...config,
  });
  relay.to(Number(new URL(gateway.url).port));
  return { ...gateway, publicUrl };
}

/** A gateway whose subgraph of reviews at a URL sends its events in callbacks, and one of products, which completes them. */
export async function reviewsGateway(url: string, callback: object = {}, config: object = {}) {
  const products = await stubSubgraph(
    `type Query { products: Int }
     type Product @key(fields: "id") { id: ID! name: String }`,
    { entities: { Product: ({ id }: { id: string }) => ({ id, name: `product ${id}` }) } },
  );
  return callbackGateway({ reviews: reviewsFile(url), products: products.file }, callback, config);
}
