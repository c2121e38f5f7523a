import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type HttpWorld, httpWorld } from '../../gateway/http-world.ts';
import { CLIENT_ID, CLIENT_SECRET, OpenIdServer } from './openid-provider.ts';

/** The dashboard of the logged-in user, and one of their orders. */
const ENDPOINTS = {
  'client.yaml': 'auth: {required: true, kinds: [session]}\ncache: {max_age: 1m, scope: private}\n',
  'dashboard.graphql':
    'query Dashboard($me: ID! @from(claim: "sub")) @endpoint(path: "/dashboard") { user(id: $me) { id greeting } }',
  'order.graphql':
    'mutation Order($product: ID!) @endpoint(path: "/orders", method: POST) { order(product: $product) }',
};

export interface ShopWorld extends HttpWorld {
  /** `http://localhost:PORT` */
  readonly origin: string;
  readonly provider: OpenIdServer;
}

/** The whole gateway, with a subgraph behind it that receives the user, and a real OpenID provider. */
export async function shopWorld(config: Record<string, unknown> = {}, login: object = {}): Promise<ShopWorld> {
  const provider = await OpenIdServer.start();
  onTestFinished(() => provider.close());
  const bffDir = mkdtempSync(join(tmpdir(), 'headgate-login-'));
  onTestFinished(() => rmSync(bffDir, { recursive: true }));
  mkdirSync(join(bffDir, 'web'));
  for (const [name, text] of Object.entries(ENDPOINTS)) writeFileSync(join(bffDir, 'web', name), text);
  const world = await httpWorld(
    {
      users: {
        typeDefs: `
          type Query { user(id: ID!): User }
          type Mutation { order(product: ID!): String }
          type User @key(fields: "id") { id: ID! greeting: String }`,
        resolvers: {
          Query: { user: (_: unknown, { id }: { id: string }) => ({ id, greeting: `Hello, ${id}!` }) },
          Mutation: { order: (_: unknown, { product }: { product: string }) => `ordered ${product}` },
        },
      },
    },
    {
      bffDir,
      config: {
        headers: {
          all: {
            request: [
              { propagate: { named: 'authorization' } },
              { propagate: { named: 'cookie' } },
              { insert: { name: 'x-user-id', from_claim: 'sub' } },
            ],
          },
        },
        login: { web: { issuer: provider.issuer, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...login } },
        ...config,
      },
    },
  );
  const origin = `http://localhost:${world.server.port}`;
  provider.register(origin);
  return { ...world, origin, provider };
}
