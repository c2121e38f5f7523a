import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type * as z from 'zod';
import { createSupergraphProvider } from './composition/supergraph-provider.ts';
import { type Config, configFileSchema } from './config/config.ts';
import { issueLines } from './config/expectation.ts';
import { keysWithoutEffect } from './config/keys-without-effect.ts';
import { missingRedis } from './config/redis-switches.ts';
import { conflictMessage, renameKeys } from './config/renamed-keys.ts';
import { assemble } from './gateway/assemble.ts';
import { listenForClients } from './gateway/client-listener.ts';
import type { GivenPlugin } from './gateway/load-plugins.ts';
import { openAdminOf, openExportOf } from './gateway/server.ts';
import type { YogaPlugin } from './graphql-http/yoga-plugin.ts';
import { drainRequests } from './http/drain-requests.ts';
import type { Plugin } from './plugins/plugin.ts';
import type { Logger } from './telemetry/logger.ts';

export { defineShape, type Shape, type ShapeContext } from './bff/shapes/shape.ts';
export { CompositionError } from './composition/supergraph-provider.ts';
export type { Problem } from './config/problem.ts';
export type { DecidePolicies, PolicyDecision, PolicyRequest } from './policy/authorization/granted-policies.ts';
export { createLogger, type Logger, type LoggerOptions } from './telemetry/logger.ts';

/** What `headgate.yaml` may say, as an object. */
export type GatewayConfig = z.input<typeof configFileSchema>;

/** Where the graph comes from: a folder of schemas to compose, or a supergraph file that is composed already. */
export type SchemaOrigin = { readonly schemas: string } | { readonly supergraph: string };

export type GatewayOptions = SchemaOrigin & {
  readonly config?: GatewayConfig;
  /** The folder of BFF endpoints. */
  readonly bff?: string;
  /** Plugins of GraphQL Yoga and Envelop, beside those of `config.yoga.plugins`. All GraphQL requests go through Yoga then. */
  readonly yogaPlugins?: readonly YogaPlugin[];
  /** Plugins, before those of `config.plugins`: as `definePlugin` returns them, or with settings. */
  readonly plugins?: readonly (Plugin | GivenPlugin)[];
  /** By default one as `config.telemetry.logging` says. */
  readonly logger?: Logger;
};

export interface EmbeddedGateway {
  /** For a server of one's own: `createServer(gateway.handle)`. It must be given whole paths: `/graphql`, `/bff/…`. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
  /**
   * Opens WebSockets for a server of one's own. Returns false for a request that is none of the gateway's: close its socket, or pass it
   * on to another WebSocket server. `listen` does this by itself.
   *
   * @example
   * server.on('upgrade', (req, socket, head) => gateway.upgrade(req, socket, head) || socket.destroy());
   */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /**
   * Opens a port of its own: `config.supergraph.listen`, or `address`; port 0 means any free port. `lingerMs`: how long `close` keeps
   * idle connections open for requests that are on their way, in milliseconds. Default 250.
   */
  listen(address?: { host?: string; port?: number; lingerMs?: number }): Promise<{ url: string; port: number }>;
  /** Where metrics are served, at the port of `config.telemetry.exporters.metrics.prometheus`; `undefined` where they are off. */
  readonly metricsUrl: string | undefined;
  /**
   * Answers what is in flight, ends streams and WebSockets so that their clients connect elsewhere, and closes the ports that `listen`
   * opened. Takes `config.shutdown.grace` at most. If `config.shutdown.delay` is set, the ports stay open for that long first. Close a
   * server of one's own before.
   */
  close(): Promise<void>;
}

/** Gives a config object its type, for editors to complete and check. */
export function defineConfig(config: GatewayConfig): GatewayConfig {
  return config;
}

/**
 * A gateway inside a program of one's own. Throws `CompositionError` when there is no good schema, and an `Error` that
 * names each key when the config is wrong. Reads neither `headgate.yaml` nor the variables that stand for its keys.
 *
 * @example
 * const gateway = await createGateway({ schemas: './schemas', config: { limits: { http_max_request_bytes: 100_000 } } });
 * const { url } = await gateway.listen({ port: 4000 });
 */
export async function createGateway(options: GatewayOptions): Promise<EmbeddedGateway> {
  const config = completeConfig(options.config ?? {});
  const origin = 'supergraph' in options ? { supergraphFile: options.supergraph } : { schemasDir: options.schemas };
  const assembly = await assemble({
    config,
    schema: createSupergraphProvider(origin),
    bffDir: options.bff,
    logger: options.logger,
    yogaPlugins: options.yogaPlugins,
    plugins: options.plugins,
  });
  const { handler, close } = assembly;
  const closers = [close];
  const closeOnFailure = async (error: unknown) => {
    for (const end of closers.splice(0)) await end();
    throw error;
  };
  const admin = await openAdminOf(config, assembly).catch(closeOnFailure);
  if (admin) closers.unshift(admin.close);
  const exporting = await openExportOf(config, assembly).catch(closeOnFailure);
  if (exporting) closers.unshift(() => exporting.close());
  closers.unshift(() => drainRequests(handler, config.shutdown.grace));
  const { upgrades } = handler;
  return {
    metricsUrl: admin?.metricsUrl,
    handle: handler.handle,
    upgrade(req, socket, head) {
      if (!upgrades?.accepts(req)) return false;
      upgrades.upgrade(req, socket, head);
      return true;
    },
    async listen(address = {}) {
      const listener = await listenForClients(handler, config, assembly, address);
      closers.unshift(() => listener.close({ delayMs: config.shutdown.delay ?? 0 }));
      return { url: `${listener.origin}${config.path_prefix ?? ''}/graphql`, port: listener.port };
    },
    async close() {
      for (const end of closers.splice(0)) await end();
    },
  };
}

function completeConfig(input: GatewayConfig): Config {
  const { value, renamed, conflicts } = renameKeys(input);
  const parsed = configFileSchema.safeParse(value);
  if (!parsed.success)
    throw new Error(`The gateway's config is not valid:\n${issueLines(parsed.error.issues).join('\n')}`);
  const problems = [
    ...conflicts.map(conflictMessage),
    ...missingRedis(parsed.data).map(({ message }) => message),
    ...keysWithoutEffect(value).map(({ path, message }) => `${path.join('.')}: ${message}`),
  ];
  if (problems.length > 0) throw new Error(`The gateway's config is not valid:\n${problems.join('\n')}`);
  const production = process.env.NODE_ENV === 'production';
  const { supergraph } = parsed.data;
  return {
    ...parsed.data,
    supergraph: { ...supergraph, introspection: supergraph.introspection ?? !production },
    production,
    renamed_keys: renamed,
  };
}
