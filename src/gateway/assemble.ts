import cluster from 'node:cluster';
import type { Bff } from '../bff/bff.ts';
import type { InvalidationRequest } from '../cache/invalidator.ts';
import type { SupergraphProvider } from '../composition/supergraph-provider.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/load-config.ts';
import { cacheHeaders } from '../graphql-http/cache-headers.ts';
import type { YogaPlugin } from '../graphql-http/yoga-plugin.ts';
import { requestCounter } from '../http/middleware/rate-limit.ts';
import type { RequestHandler } from '../http/request-handler.ts';
import type { Engine } from '../pipeline/engine.ts';
import type { SubscriptionRunner } from '../pipeline/run-subscription.ts';
import type { SchemaFacts } from '../plugins/hooks.ts';
import { configureLogin } from '../policy/login/login.ts';
import { watchPath } from '../shared/watch-path.ts';
import type { CountReload } from '../telemetry/instruments.ts';
import { logPathEvents } from '../telemetry/log-path-events.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AdminCommand, AdminReply } from './admin-commands.ts';
import { adminControl } from './admin-control.ts';
import { checkSeparateProcesses, checkSessions } from './check-processes.ts';
import { Closers } from './closers.ts';
import { type Foundation, openFoundation } from './foundation.ts';
import { createGatewayHandler, type GatewayHandlerOptions } from './gateway-handler.ts';
import type { EngineFactory, Gateway } from './generations.ts';
import { openAuthenticator } from './open-authenticator.ts';
import { openBff, reloadBff } from './open-bff.ts';
import { NO_PLUGINS, type PluginOptions } from './open-plugins.ts';
import { openSubscriptions, webSocketSettings } from './open-subscriptions.ts';
import { tracingOptions } from './open-tracing.ts';
import { operationRules } from './operation-rules.ts';
import { reloader } from './reload.ts';
import { openRequestPolicies } from './request-policies.ts';
import { requestTelemetry } from './request-telemetry.ts';
import { logWarmUp, schemaListener, warnOfSkipped } from './schema-listener.ts';
import type { SharedState } from './shared-state.ts';
import { warmUpEngine } from './warm-up.ts';
import { warnAboutDocuments } from './warn-about-documents.ts';
import { loadYogaPlugins } from './yoga-plugins.ts';

export interface AssemblyOptions {
  readonly config: Config;
  readonly schema: SupergraphProvider;
  /** The folder of BFF endpoints; none are served without it. */
  readonly bffDir?: string | undefined;
  /** Starts also without a good schema, not ready until there is one; endpoints are read again when files change. */
  readonly dev?: boolean | undefined;
  /** Shows the demo's dashboards at `/demo`. */
  readonly demo?: boolean | undefined;
  /** Removes cached responses from all processes of this gateway; without it, only from this one. */
  readonly purgeEverywhere?: ((tags: readonly string[]) => Promise<number>) | undefined;
  /** State that all workers share; without it this process keeps its own. */
  readonly sharedState?: SharedState | undefined;
  /** Plugins of Yoga and Envelop beside those of `yoga.plugins`. */
  readonly yogaPlugins?: readonly YogaPlugin[] | undefined;
  /** Plugins before those of `plugins` in the config. */
  readonly plugins?: PluginOptions['given'];
  /** Whether no other code runs in the process: the gateway is no part of another program. */
  readonly ownsProcess?: boolean | undefined;
  /** Called when a canary was rolled back in this process; the others must be. What sets it also says when a canary is promoted. */
  readonly onCanaryRollback?: ((id: string, reason: string) => void) | undefined;
  /** Whether to log warnings about settings: true, except in all but one of several processes. */
  readonly warnsAboutSettings?: boolean | undefined;
  /** By default one as the config says. */
  readonly logger?: Logger | undefined;
  /** By default engines whose subgraphs are reached over HTTP. */
  readonly createEngine?: EngineFactory | undefined;
}

/** The gateway with everything behind its port: schema, engine, endpoints, and what watches over their files. */
export interface Assembly {
  readonly handler: RequestHandler;
  readonly logger: Logger;
  /** What this process counts and measures; `undefined` where that is off. */
  readonly metrics: Metrics | undefined;
  /** Counts reloads of what is read outside of it. */
  readonly countReload: CountReload | undefined;
  /** Removes cached responses of endpoints with one of the tags from this process. Resolves with their number. */
  purge(tags: readonly string[]): Promise<number>;
  /** Reads schemas, endpoints, keys and documents again. What is not valid does not replace what is served, and is logged. */
  reload(): Promise<void>;
  /** Adds a function that `reload` calls; it never throws. */
  addReload(reload: () => unknown): void;
  /** Applies a command of the admin API to this process. */
  control(command: AdminCommand): Promise<AdminReply>;
  /** Gets ready for the first clients (`supergraph.query_planning.warm_up_on_start`); to be called once the port is open. */
  warmUp(): void;
  /** Stops watching, and closes the connections of sources when what is in flight has ended. */
  close(): Promise<void>;
}

/** Puts the gateway together. Throws `CompositionError`, except in `dev`, where there is no good schema to begin with. */
export async function assemble(options: AssemblyOptions): Promise<Assembly> {
  const closers = new Closers();
  try {
    return await openAssembly(options, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function openAssembly(options: AssemblyOptions, closers: Closers): Promise<Assembly> {
  const { config, schema, dev = false } = options;
  const foundation = await openFoundation(options, closers);
  const { gateway, logger } = foundation;
  const handlerOptions = await openRequestHandling(options, foundation, closers);
  await loadFirst(gateway, schema, dev, logger);
  const { subscriptions } = handlerOptions;
  const purge = async (tags: readonly string[]) =>
    ((await bff?.purge(tags)) ?? 0) + (await invalidateTags(foundation, tags));
  const bff: Bff | undefined = await openEndpoints(options, { ...foundation, subscriptions }, closers, purge);
  const { warm_up_on_start: warmOnStart } = config.supergraph.query_planning;
  const onSwap = () => void warnAboutDocuments(config, gateway, logger);
  const onNewSchema = () => {
    onSwap();
    notifyPlugins(foundation);
  };
  notifyPlugins(foundation);
  await followSchema(options, foundation, { bff, onSwap: onNewSchema }, closers);
  const reload = reloader(foundation);
  return {
    handler: createGatewayHandler({ ...handlerOptions, bff }),
    logger,
    metrics: foundation.metrics,
    countReload: foundation.instruments?.reloaded,
    reload,
    addReload: (one) => void foundation.reloads.push(one),
    control: adminControl({ ...foundation, reload }),
    purge,
    warmUp() {
      onSwap();
      const engine = warmOnStart ? gateway.engine() : undefined;
      if (engine) warmUpEngine(engine, gateway.engine).catch((err) => logWarmUp(logger, err));
    },
    close: () => closers.closeAll(),
  };
}

/** Invalidates cached values by the tags of `/bff/purge`: `Product:p7` is an entity, anything else a tag. */
async function invalidateTags({ cache }: Foundation, tags: readonly string[]): Promise<number> {
  if (cache === undefined) return 0;
  const requests = tags.flatMap((tag): InvalidationRequest[] => {
    const [, type, key] = /^([_A-Za-z]\w*):(.+)$/s.exec(tag) ?? [];
    const named: InvalidationRequest = { kind: 'cache_tag', cache_tag: tag };
    return type === undefined || key === undefined ? [named] : [{ kind: 'entity', type, key }, named];
  });
  return cache.invalidator.apply(requests);
}

/** Opens what requests go through before and around an operation. */
async function openRequestHandling(
  { config, sharedState, dev = false, yogaPlugins = [] }: AssemblyOptions,
  {
    logger,
    accessLogger,
    instruments,
    redis,
    rules,
    rateLimits,
    byteLimits,
    admission,
    gateway,
    reloads,
    plugins,
    cache,
    callbacks,
    tracer,
    usage,
  }: Foundation,
  closers: Closers,
): Promise<GatewayHandlerOptions> {
  const { byteBudget: budget } = byteLimits;
  const subscriptions = openSubscriptions(config, gateway, { instruments, budget, logger });
  const runner = subscriptions?.runner;
  const {
    authenticator,
    reload,
    close: closeAuthenticator,
  } = await openAuthenticator(config, {
    ...{ logger, instruments, redis, rules: rules.request },
    sharedFailures: sharedState?.failuresOf('authentication'),
    onReloaded: runner && (() => runner.checkCredentials()),
  });
  closers.add(closeAuthenticator);
  const requests = await openRequestPolicies(config, {
    ...{ logger, instruments, redis, dev, engine: gateway.engine, canary: () => gateway.canary()?.engine },
    remoteDocuments: sharedState?.documents,
    onManifests: () => void warnAboutDocuments(config, gateway, logger),
  });
  closers.add(requests.close);
  reloads.push(reload, requests.reload);
  return {
    ...handlerSettings(config),
    ...requestTelemetry(config, dev, accessLogger),
    ...requests.policies,
    ...{ logger, instruments, authenticator, admission, ...byteLimits, engine: gateway.engine },
    cacheHeaders: config.cache_control.enabled ? cacheHeaders : undefined,
    responseCache: cache?.responses,
    login: openLogin(config, { logger, redis, sharedState, runner }),
    returned: rules.response,
    subscriptions,
    webSockets: webSocketSettings(config),
    callbacks,
    plugins: plugins?.current ?? (tracer && (() => NO_PLUGINS)),
    tracing: tracer && tracingOptions(tracer, config),
    countUse: usage?.countUse,
    countRequest: requestCounter(rateLimits),
    yogaPlugins: [...yogaPlugins, ...(await loadYogaPlugins(config.yoga.plugins))],
    storeState: redis && (() => (redis.available ? 'UP' : 'DOWN')),
  };
}

/** Opens the endpoints of the BFF; `undefined` where there are none. In `dev`, their folder is watched. */
async function openEndpoints(
  { config, bffDir, dev, demo, sharedState, purgeEverywhere }: AssemblyOptions,
  parts: Foundation & Pick<GatewayHandlerOptions, 'subscriptions'>,
  closers: Closers,
  purge: (tags: readonly string[]) => Promise<number>,
): Promise<Bff | undefined> {
  const { gateway, logger, redis, rateLimits, byteLimits, admission, instruments, reloads, usage, cache } = parts;
  let bff: Bff | undefined;
  if (dev && bffDir !== undefined) {
    // before the folder is read: what changes meanwhile must not be missed
    const onChange = (exists: boolean) => exists && bff && void reloadBff(bff, { logger, instruments });
    const watching = await watchPath({ path: bffDir, onChange, onEvent: logPathEvents(logger, bffDir) });
    closers.add(() => watching.close());
  }
  if (bffDir !== undefined) {
    bff = await openBff(bffDir, config, {
      ...{ gateway, logger, redis, instruments, demo: demo ?? false },
      purgeEverywhere: purgeEverywhere ?? purge,
      cacheStore: cache?.endpoints,
      rules: () => operationRules(config, parts),
      keyStore: sharedState?.idempotencyKeys,
      limiter: rateLimits.limiter,
      byteBudget: byteLimits.byteBudget,
      admission,
      subscriptions: parts.subscriptions,
      countUse: usage?.countEndpoint,
    });
  }
  if (bff) reloads.push(() => bff && reloadBff(bff, { logger, instruments }, true));
  if (cluster.isWorker && sharedState === undefined) {
    checkSeparateProcesses(config, bff?.endpoints().some(({ idempotency }) => idempotency !== undefined) ?? false);
  }
  return bff;
}

/** Calls `onSchemaChange` of the plugins with the current schema, if there is one. */
function notifyPlugins({ gateway, plugins }: Pick<Foundation, 'gateway' | 'plugins'>): void {
  const engine = plugins && gateway.engine();
  if (engine) plugins?.schemaChanged(schemaOf(engine));
}

function schemaOf({ publicSchema: schema, supergraph, isCanary = false }: Engine): SchemaFacts {
  return { schema, supergraphSdl: supergraph.sdl, isCanary };
}

/** Swaps each schema in that the provider brings from now on. */
async function followSchema(
  { config, schema }: AssemblyOptions,
  { gateway, logger, instruments, canaries, reloads, plugins }: Foundation,
  { bff, onSwap }: { readonly bff: Bff | undefined; readonly onSwap: () => void },
  closers: Closers,
): Promise<void> {
  const { warmed_up_queries: warmedUp } = config.supergraph.query_planning;
  const endpoints = () => bff?.endpoints() ?? [];
  const prepare = bff?.prepare;
  // what is cached depends on what plugins read
  plugins?.beforeReload(async () => {
    const engine = gateway.engine();
    if (engine) await gateway.swap({ sdl: engine.supergraph.sdl }, prepare);
    const current = gateway.engine();
    return current && schemaOf(current);
  });
  const onCanary = (engine: Engine | undefined) => {
    if (engine) plugins?.schemaChanged(schemaOf(engine));
    else notifyPlugins({ gateway, plugins });
  };
  const listener = schemaListener({ gateway, logger, instruments, endpoints, prepare, warmedUp, onSwap, onCanary });
  canaries.listener = listener.canaryEnded;
  const watching = await schema.watch(listener);
  closers.add(() => watching.close());
  reloads.unshift(() => watching.reload?.());
}

interface LoginParts extends Pick<Foundation, 'logger' | 'redis'> {
  readonly sharedState: SharedState | undefined;
  /** Runs the subscriptions of sessions. */
  readonly runner: SubscriptionRunner | undefined;
}

function openLogin(
  { login, production, authentication, path_prefix: pathPrefix }: Config,
  { logger, redis, sharedState, runner }: LoginParts,
) {
  if (cluster.isWorker) checkSessions({ login });
  return configureLogin(login, {
    logger,
    redis,
    production,
    pathPrefix,
    failedAttempts: authentication.failed_attempts,
    sharedFailures: sharedState?.failuresOf,
    onSessionEnded: runner && ((id) => runner.endSession(id)),
  });
}

async function loadFirst(gateway: Gateway, schema: SupergraphProvider, dev: boolean, logger: Logger): Promise<void> {
  try {
    const update = await schema.load();
    await gateway.swap(update);
    warnOfSkipped(update, logger);
  } catch (error) {
    if (!dev || error instanceof ConfigError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    logger.error({ reason }, 'no schema to serve yet; waiting for a good one');
  }
}

function handlerSettings(config: Config) {
  const { router } = config.traffic_shaping;
  const { enabled, max_file_size, max_files, idle_timeout: idleMs, timeout: wholeMs } = config.file_upload;
  return {
    maxRequestBytes: config.limits.http_max_request_bytes,
    timeoutMs: router.timeout,
    compressFrom: router.compression.enabled ? router.compression.threshold : undefined,
    shareQueries: router.deduplicate_query,
    graphiql: !config.production,
    pathPrefix: config.path_prefix,
    frames: config.security_headers.enabled ? config.security_headers.frame_options : undefined,
    healthRoutes: config.health_check.enabled,
    contracts: config.contracts,
    incremental: config.defer.enabled,
    uploads: enabled ? { maxFileBytes: max_file_size, maxFiles: max_files, times: { idleMs, wholeMs } } : undefined,
  };
}
