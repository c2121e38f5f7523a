import { parse } from 'graphql';
import { onTestFinished } from 'vitest';
import { createSupergraphProvider } from '../../../src/composition/supergraph-provider.ts';
import { configFileSchema } from '../../../src/config/config.ts';
import { startServer } from '../../../src/gateway/server.ts';
import { buildServiceSchema, type ServiceDefinition } from '../../../subgraphs/server/schema.ts';
import { folderWith } from '../../composition/folder.ts';
import { type LogLine, recordingLogger } from '../../gateway/serving.ts';
import { type StubService, stubOf } from './stub-service.ts';

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets
  readonly data?: any;
  readonly errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

export interface TestGateway {
  readonly url: string;
  readonly metricsUrl: string | undefined;
  readonly adminUrl: string | undefined;
  /** The folder with the schema files. */
  readonly dir: string;
  readonly lines: readonly LogLine[];
  /** Reads schemas, endpoints, keys and documents again. */
  reload(): Promise<void>;
  ask(
    query: string,
    options?: { variables?: object; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Answer>;
}

/** The whole gateway over HTTP, before the sources that these schema files describe. */
export async function gatewayOver(
  files: Readonly<Record<string, string>>,
  config: object = {},
  bffDir?: string,
): Promise<TestGateway> {
  const named = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${name}.graphql`, text]));
  const file = configFileSchema.parse({ supergraph: { listen: '127.0.0.1:0' }, ...config });
  const dir = await folderWith(named);
  const { logger, lines } = recordingLogger();
  const server = await startServer({
    config: { ...file, supergraph: { ...file.supergraph, introspection: true }, production: false },
    schema: createSupergraphProvider({ schemasDir: dir }),
    logger,
    bffDir,
  });
  onTestFinished(() => server.close());
  return {
    url: server.url,
    metricsUrl: server.metricsUrl,
    adminUrl: server.adminUrl,
    dir,
    lines,
    reload: server.reload,
    async ask(query, { variables, headers = {}, signal } = {}) {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
        ...(signal ? { signal } : {}),
      });
      return (await response.json()) as Answer;
    },
  };
}

/** A federation subgraph over HTTP, and its schema file. */
export async function stubSubgraph(
  sdl: string,
  { resolvers = {}, entities = {} }: Partial<Omit<ServiceDefinition, 'sdl'>>,
): Promise<StubService & { readonly file: string }> {
  const stub = await stubOf(buildServiceSchema({ sdl: parse(sdl), resolvers, entities }));
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external"])';
  return Object.assign(stub, { file: `extend schema @subgraph(url: "${stub.url}")\n${link}\n${sdl}` });
}
