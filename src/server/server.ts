import { createBff } from '../bff/bff.ts';
import type { SupergraphProvider, SupergraphUpdate } from '../composition/supergraph-provider.ts';
import type { Config } from '../config/config.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { engineFactory } from './build-engine.ts';
import { watchFolder } from './folder-watcher.ts';
import { createGateway, type EngineFactory, type Gateway } from './gateway.ts';
import { createHost } from './host.ts';
import { listen } from './listener.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly schema: SupergraphProvider;
  /** The folder of BFF endpoints; none are served without it. */
  readonly bffDir?: string | undefined;
  /** Starts also without a good schema, not ready until there is one; endpoints are read again when files change. */
  readonly dev?: boolean;
  /** By default one as the config says. */
  readonly logger?: Logger;
  /** By default engines whose subgraphs are reached over HTTP. */
  readonly createEngine?: EngineFactory;
  /** How long `close` waits for answers under way, in milliseconds. Default 30,000. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** `http://HOST:PORT/graphql` */
  readonly url: string;
  readonly port: number;
  /** Answers what is in flight, then lets go of the port and of every connection. */
  close(): Promise<void>;
}

/**
 * Serves the gateway, and prints where once it can answer. Rejects with what is wrong when the port cannot be had,
 * and, except in `dev`, when there is no good schema (`CompositionError`).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, schema, dev = false } = options;
  const logger = options.logger ?? createLogger(config.telemetry.logging);
  const gateway = createGateway({
    createEngine: options.createEngine ?? engineFactory(config, logger),
    onCloseError: (err) => logger.warn({ err }, 'the sources of a replaced schema did not close in order'),
  });
  const closers: (() => Promise<void>)[] = [() => gateway.close()];
  const closeAll = async () => {
    for (const close of closers.reverse()) await close();
  };
  try {
    await loadFirst(gateway, schema, dev, logger);
    const bff = options.bffDir === undefined ? undefined : openBff(options.bffDir, gateway, logger, config);
    const host = createHost({ ...hostSettings(config), engine: gateway.engine, logger, bff });
    const watch = await schema.watch({
      update: (update) => swapOrKeep(gateway, update, logger),
      problems: (problems) => logProblems(logger, problems, 'the schema has problems; the last good one keeps serving'),
    });
    closers.push(() => watch.close());
    if (dev && bff && options.bffDir !== undefined) {
      closers.push(await watchFolder(options.bffDir, () => reloadBff(bff, logger)));
    }
    const listener = await listen(host, { ...config.supergraph.listen, ...graceOf(options) });
    closers.push(() => listener.close());
    const url = `${listener.origin}/graphql`;
    process.stdout.write(`Headgate listening on ${url}\n`);
    let closing: Promise<void> | undefined;
    return { url, port: listener.port, close: () => (closing ??= closeAll()) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function loadFirst(gateway: Gateway, schema: SupergraphProvider, dev: boolean, logger: Logger): Promise<void> {
  try {
    gateway.swap(await schema.load());
  } catch (error) {
    if (!dev) throw error;
    logger.error({ reason: messageOf(error) }, 'no schema to serve yet; waiting for a good one');
  }
}

function swapOrKeep(gateway: Gateway, update: SupergraphUpdate, logger: Logger): void {
  try {
    gateway.swap(update);
    logger.info({}, 'serving a new schema');
  } catch (err) {
    logger.error({ err }, 'the new schema cannot be served; the last good one keeps serving');
  }
}

function openBff(dir: string, gateway: Gateway, logger: Logger, config: Config) {
  return createBff({
    dir,
    engine: gateway.engine,
    logger,
    dev: !config.production,
    onProblems: (problems) => logProblems(logger, problems, 'BFF endpoints have problems'),
  });
}

function reloadBff(bff: { reload(): void }, logger: Logger): void {
  try {
    bff.reload();
  } catch (err) {
    logger.error({ err }, 'the BFF folder cannot be read; the endpoints stay as they were');
  }
}

function logProblems(logger: Logger, problems: readonly Problem[], message: string): void {
  if (problems.length > 0) logger.error({ problems: problems.map(formatProblem) }, message);
}

function hostSettings(config: Config) {
  const { router } = config.traffic_shaping;
  return {
    maxRequestBytes: config.limits.http_max_request_bytes,
    timeoutMs: router.timeout,
    shareQueries: router.deduplicate_query,
    graphiql: !config.production,
    healthRoutes: config.health_check.enabled,
  };
}

function graceOf({ graceMs }: ServerOptions): { graceMs?: number } {
  return graceMs === undefined ? {} : { graceMs };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
