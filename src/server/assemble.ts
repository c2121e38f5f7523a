import cluster from 'node:cluster';
import type { SupergraphProvider, SupergraphUpdate } from '../composition/supergraph-provider.ts';
import type { Config } from '../config/config.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { configureLogin } from '../policy/login/login.ts';
import { createRateLimits } from '../policy/rate-limits/rate-limits.ts';
import { createRedis, type SharedRedis } from '../store/redis.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { engineFactory } from './build-engine.ts';
import { cacheHeaders } from './cache-headers.ts';
import { enginePolicies } from './engine-policies.ts';
import { watchFolder } from './folder-watcher.ts';
import { createGateway, type EngineFactory, type Gateway } from './gateway.ts';
import { headerReaders } from './header-readers.ts';
import { compileHeaderRules } from './header-rules.ts';
import { createHost, type Host } from './host.ts';
import { openAdmission } from './open-admission.ts';
import { openBff, reloadBff } from './open-bff.ts';
import { requestCounter } from './request-limits.ts';
import { openRequestPolicies } from './request-policies.ts';
import { prepareAgain, rehearse } from './warm-up.ts';

export interface AssemblyOptions {
  readonly config: Config;
  readonly schema: SupergraphProvider;
  /** The folder of BFF endpoints; none are served without it. */
  readonly bffDir?: string | undefined;
  /** Starts also without a good schema, not ready until there is one; endpoints are read again when files change. */
  readonly dev?: boolean | undefined;
  /** Shows the demo's dashboards at `/demo`. */
  readonly demo?: boolean | undefined;
  /** By default one as the config says. */
  readonly logger?: Logger | undefined;
  /** By default engines whose subgraphs are reached over HTTP. */
  readonly createEngine?: EngineFactory | undefined;
}

/** The gateway with everything behind its port: schema, engine, endpoints, and what watches over their files. */
export interface Assembly {
  readonly host: Host;
  /** Gets ready for the first clients (`supergraph.query_planning.warm_up_at_start`); to be called once the port is open. */
  warmUp(): void;
  /** Ends watching, and the sources' connections after what is under way. */
  close(): Promise<void>;
}

/** Throws `CompositionError`, except in `dev`, when there is no good schema to begin with. */
export async function assemble(options: AssemblyOptions): Promise<Assembly> {
  const { config, schema, bffDir, dev = false } = options;
  const logger = options.logger ?? createLogger(config.telemetry.logging);
  const rules = compileHeaderRules(config.headers);
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const redis = config.store.redis && (await createRedis(config.store.redis, logger));
    if (redis) closers.push(() => redis.close());
    const rateLimits = createRateLimits(config.rate_limits, redis, {
      listSize: config.demand_control.strategy.static_estimated.list_size,
    });
    const policies = await enginePolicies(config, logger, rateLimits);
    const gateway = createGateway({
      createEngine: options.createEngine ?? engineFactory(config, logger, rules, rateLimits, policies, redis),
      onCloseError: (err) => logger.warn({ err }, 'the sources of a replaced schema did not close in order'),
    });
    closers.push(() => gateway.close());
    const readers = headerReaders(rules.request, gateway, config);
    const { admission, close: closeAdmission } = await openAdmission(config, { logger, redis, rules: rules.request });
    closers.push(closeAdmission);
    const requests = await openRequestPolicies(config, { logger, redis, dev });
    closers.push(requests.close);
    await loadFirst(gateway, schema, dev, logger);
    const { warm_up_at_start: warmAtStart, warmed_up_queries: warmedUp } = config.supergraph.query_planning;
    const bff =
      bffDir === undefined
        ? undefined
        : await openBff(bffDir, config, {
            gateway,
            logger,
            redis,
            forwarding: readers,
            limiter: rateLimits.limiter,
            demo: options.demo ?? false,
          });
    const watching = await schema.watch({
      update: (update) => swapOrKeep(gateway, update, logger, warmedUp),
      problems: (problems) => logProblems(logger, problems, 'the schema has problems; the last good one keeps serving'),
    });
    closers.push(() => watching.close());
    if (dev && bff && bffDir !== undefined) closers.push(await watchFolder(bffDir, () => void reloadBff(bff, logger)));
    return {
      host: createHost({
        ...hostSettings(config),
        ...requests.policies,
        engine: gateway.engine,
        neutralHeaders: readers.neutral,
        cacheHeaders: config.cache_control.enabled ? cacheHeaders(readers, config) : undefined,
        logger,
        bff,
        admission,
        login: openLogin(config, logger, redis),
        returned: rules.response,
        countRequest: requestCounter(rateLimits),
        storeState: redis && (() => (redis.available ? 'UP' : 'DOWN')),
      }),
      warmUp() {
        const engine = warmAtStart ? gateway.engine() : undefined;
        if (engine) rehearse(engine, gateway.engine).catch((err) => logWarmUp(logger, err));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openLogin({ login, production, authentication }: Config, logger: Logger, redis: SharedRedis | undefined) {
  return configureLogin(login, {
    logger,
    redis,
    production,
    oneOfSeveral: cluster.isWorker,
    failedAttempts: authentication.failed_attempts,
  });
}

async function loadFirst(gateway: Gateway, schema: SupergraphProvider, dev: boolean, logger: Logger): Promise<void> {
  try {
    gateway.swap(await schema.load());
  } catch (error) {
    if (!dev) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    logger.error({ reason }, 'no schema to serve yet; waiting for a good one');
  }
}

function swapOrKeep(gateway: Gateway, update: SupergraphUpdate, logger: Logger, warmedUp: number): void {
  const recent = gateway.engine()?.recentQueries?.(warmedUp) ?? [];
  try {
    gateway.swap(update);
    logger.info({}, 'serving a new schema');
    const engine = gateway.engine();
    if (engine) prepareAgain(recent, engine, gateway.engine).catch((err) => logWarmUp(logger, err));
  } catch (err) {
    logger.error({ err }, 'the new schema cannot be served; the last good one keeps serving');
  }
}

function logWarmUp(logger: Logger, err: unknown): void {
  logger.warn({ err }, 'planning ahead ended early; operations are planned when they are asked for');
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
    contracts: config.contracts,
  };
}
