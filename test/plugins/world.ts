import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createGateway, type GatewayConfig, type GatewayOptions } from '../../src/index.ts';
import { folderOf } from '../bff/support.ts';
import { folderWith } from '../composition/folder.ts';
import { type LogLine, recordingLogger } from '../gateway/serving.ts';
import { type StubApi, stubApi } from '../sources/rest/stub-api.ts';

/** A gateway with plugins, in front of a shop with one subgraph. */
export interface World {
  readonly url: string;
  readonly origin: string;
  readonly lines: LogLine[];
  readonly subgraph: StubApi;
  /** Sends an operation to `/graphql`. */
  post(query: string, headers?: Record<string, string>, variables?: object): Promise<Response>;
  /** Sends a request to an endpoint. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly plugins?: GatewayOptions['plugins'];
  readonly config?: GatewayConfig;
  /** What the subgraph responds with, by the headers that it gets. */
  readonly data?: (headers: Readonly<Record<string, string | string[] | undefined>>, body: string) => object;
}

const SCHEMA = `
type Query { hello: String @cacheControl(maxAge: 60) user: User secret: String }
type User { name: String email: String card: Card }
type Card { number: String }
type Mutation { order(id: ID): String }
`;

const ENDPOINTS = {
  'web/hello.graphql': '{ hello }',
  'web/cached.graphql': 'query @endpoint(cache: {maxAge: "1m"}) { hello }',
  'web/user.graphql': '{ user { name email } }',
  'web/order.graphql': 'mutation @endpoint(path: "/orders") { order }',
};

const DATA = {
  hello: 'hi',
  user: { name: 'Ada', email: 'ada@example.com', card: { number: '4111' } },
  order: 'done',
  secret: 's',
};

export async function startWorld({ plugins, config = {}, data = () => DATA }: WorldOptions = {}): Promise<World> {
  const subgraph = await stubApi(({ headers, body }) => ({ data: selected(data(headers, body), body) }));
  const schemas = await folderWith({ 'shop.graphql': `extend schema @subgraph(url: "${subgraph.url}")${SCHEMA}` });
  const { logger, lines } = recordingLogger();
  const gateway = await createGateway({ schemas, bff: folderOf(ENDPOINTS), config, logger, plugins });
  const close = () => gateway.close();
  onTestFinished(close);
  const { url, port } = await gateway.listen({ host: '127.0.0.1', port: 0, lingerMs: 10 });
  const origin = `http://127.0.0.1:${port}`;
  return {
    ...{ url, origin, lines, subgraph, close },
    post: (query, headers = {}, variables = undefined) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      }),
    get: (path, headers = {}) => fetch(origin + path, { headers }),
  };
}

/** Starts a gateway with plugins over schema files, and returns what sends operations to it. */
export async function gatewayWithPlugins(
  files: Readonly<Record<string, string>>,
  plugins: GatewayOptions['plugins'],
  config: GatewayConfig = {},
  yogaPlugins: readonly object[] = [],
) {
  const named = Object.fromEntries(Object.entries(files).map(([name, sdl]) => [`${name}.graphql`, sdl]));
  const { logger, lines } = recordingLogger();
  const gateway = await createGateway({ schemas: await folderWith(named), config, logger, plugins, yogaPlugins });
  onTestFinished(() => gateway.close());
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0, lingerMs: 10 });
  const post = async (query: string, headers: Record<string, string> = {}) => {
    const sent = { 'content-type': 'application/json', ...headers };
    return (await fetch(url, { method: 'POST', headers: sent, body: JSON.stringify({ query }) })).json();
  };
  return { url, lines, post };
}

/** Returns the root fields that a body asks for. */
function selected(data: object, body: string): object {
  const { query } = JSON.parse(body);
  return Object.fromEntries(Object.entries(data).filter(([name]) => new RegExp(`\\b${name}\\b`).test(query)));
}

/** Writes a plugin file, and returns its path. */
export function pluginFile(name: string, text: string): string {
  return join(folderOf({ [name]: text }), name);
}
