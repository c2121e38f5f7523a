import type { Config } from '../config/config.ts';
import type { AdmissionControl } from '../policy/admission/admission.ts';
import { createRateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { Tracer } from '../shared/trace.ts';
import { WebSocketPool } from '../sources/websocket/websocket-pool.ts';
import { type Messages, relayedMessages } from '../store/messages.ts';
import { createRedis, type SharedRedis } from '../store/redis.ts';
import { redisMessages } from '../store/redis-messages.ts';
import { foldRepeats } from '../telemetry/fold-repeats.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createEndpointGroups } from '../traffic/endpoint-groups.ts';
import { createGraphqlErrorLog } from '../traffic/graphql-error-log.ts';
import { observeResponses } from '../traffic/observe-responses.ts';
import { createOutages } from '../traffic/outages.ts';
import { createTrafficState } from '../traffic/traffic-state.ts';
import type { AssemblyOptions } from './assemble.ts';
import { engineFactory } from './build-engine.ts';
import { type ByteLimits, openByteLimits } from './byte-budget.ts';
import type { CallbackSettings } from './callback-route.ts';
import { CanaryReports } from './canary-reports.ts';
import type { Closers } from './closers.ts';
import { ConnectionCertificates } from './connection-certificates.ts';
import { createEndpointControl, type EndpointControl } from './endpoint-control.ts';
import { enginePolicies } from './engine-policies.ts';
import { createGateway, type Gateway } from './generations.ts';
import { compileHeaderRules } from './header-rules.ts';
import { openAdmission } from './open-admission.ts';
import { type OpenCache, openCache } from './open-cache.ts';
import { openCallbacks } from './open-callbacks.ts';
import { openEvents } from './open-events.ts';
import { openMetrics } from './open-metrics.ts';
import { type OpenPlugins, openPlugins, type PluginOptions } from './open-plugins.ts';
import { openTracing, withPropagation } from './open-tracing.ts';
import type { OpenUsage, UsageParts } from './open-usage.ts';
import { openPolicyModule, type PolicyModule } from './policy-module.ts';
import { settingWarnings } from './setting-warnings.ts';

/** What everything else stands on. */
export interface Foundation {
  readonly logger: Logger;
  /** Writes each line, also of repeated errors. */
  readonly plainLogger: Logger;
  /** Writes one line for each request; in production many of them together. */
  readonly accessLogger: Logger;
  readonly metrics: Metrics | undefined;
  readonly instruments: Instruments | undefined;
  readonly rules: ReturnType<typeof compileHeaderRules>;
  readonly redis: SharedRedis | undefined;
  readonly rateLimits: ReturnType<typeof createRateLimits>;
  readonly byteLimits: ByteLimits;
  readonly admission: AdmissionControl | undefined;
  readonly gateway: Gateway;
  readonly plugins: OpenPlugins | undefined;
  readonly policyModule: PolicyModule | undefined;
  readonly tracer: Tracer | undefined;
  readonly usage: OpenUsage | undefined;
  readonly endpoints: EndpointControl;
  readonly cache: OpenCache | undefined;
  readonly callbacks: CallbackSettings | undefined;
  readonly canaries: CanaryReports;
  /** Read files again, on request; they never throw. */
  readonly reloads: (() => unknown)[];
}

/** Opens what everything else stands on. */
export async function openFoundation(options: AssemblyOptions, closers: Closers): Promise<Foundation> {
  const { config, sharedState } = options;
  const { plainLogger, accessLogger, logger } = openLoggers(options, closers);
  for (const { key, message, hint } of options.warnsAboutSettings === false ? [] : settingWarnings(config))
    logger.warn({ setting: key.join('.') }, `${message} ${hint}`);
  const rules = compileHeaderRules(withPropagation(config));
  const { metrics, instruments } = await openMetrics(config);
  const certificates = new ConnectionCertificates(plainLogger, instruments?.reloaded);
  // closed after everything that records spans
  const tracer = await openTracing(config, { logger: plainLogger, certificates }, closers);
  const redis = config.store.redis && (await createRedis(config.store.redis, logger));
  if (redis) closers.add(() => redis.close());
  if (redis) instruments?.watchStore(() => redis.available);
  const rateLimits = createRateLimits(config.rate_limits, redis, {
    listSize: config.demand_control.strategy.static_estimated.list_size,
    refused: instruments?.refused,
    countTogether: sharedState?.countLimits,
  });
  const policyModule = await openModule(config, logger, options.dev ?? false, instruments);
  if (policyModule) closers.add(() => policyModule.close());
  const reloads: (() => unknown)[] = [...(policyModule ? [policyModule.reload] : []), certificates.reload];
  const policies = await enginePolicies(config, { logger, rateLimits, instruments, decide: policyModule?.decide });
  // they fold the lines of each subgraph themselves
  const failures = openFailureLogs(config, plainLogger, instruments, closers);
  const byteLimits = openByteLimits(config, logger, instruments);
  const { byteBudget } = byteLimits;
  const trafficState = createTrafficState({ logger, instruments });
  const endpoints = createEndpointGroups({
    logger,
    openInstruments: instruments?.openEndpoints,
    listsSingles: config.admin.token !== undefined,
  });
  const plugins = await openPlugins(pluginOptions(options, logger));
  // after the last operations
  if (plugins) closers.add(() => plugins.close());
  const messages = sharedMessages(options, { redis, logger }, closers);
  const cache = await openResponseCache(config, { redis, instruments, logger, messages });
  const usage = await openUsageOf(config, { logger, redis, shared: sharedState?.usage }, closers);
  const shared = { plugins, usage, cache, isTraced: tracer !== undefined, rateLimits, redis, instruments, ...failures };
  const brokers = await openEvents(config, { instruments, logger, certificates }, closers);
  const webSockets = openWebSocketPool(closers);
  const callbacks = await openCallbacks(config, redis || sharedState ? messages : undefined, instruments);
  const upstreams = { webSockets, brokers, callbacks: callbacks?.callbacks };
  const parts = { ...shared, certificates, byteBudget, trafficState, endpoints, ...upstreams };
  const canaries = new CanaryReports({ logger, instruments, onRollback: options.onCanaryRollback });
  const gateway = createGateway({
    createEngine: options.createEngine ?? engineFactory(config, logger, rules, policies, parts),
    onCloseError: (err) => logger.warn({ err }, 'the sources of a replaced schema did not close in order'),
    canary: canaries.options(
      options.dev ? undefined : config.supergraph.canary,
      options.onCanaryRollback === undefined,
    ),
  });
  closers.add(() => gateway.close());
  const control = createEndpointControl({ groups: endpoints, trafficState, onAction: instruments?.adminActed });
  const opened = openAdmission(config, logger, instruments);
  if (opened) closers.add(opened.close);
  const admission = opened?.admission;
  return {
    ...{ logger, plainLogger, accessLogger, metrics, instruments, rules },
    ...{ redis, rateLimits, byteLimits, admission, gateway, plugins, policyModule, tracer, usage },
    ...{ endpoints: control, cache, callbacks, canaries, reloads },
  };
}

/** Opens the WebSockets to subgraphs. They are closed after the last subscriptions. */
function openWebSocketPool(closers: Closers): WebSocketPool {
  const pool = new WebSocketPool();
  closers.add(async () => pool.close());
  return pool;
}

/** Returns what opens the messages between the processes of the gateway: once, where the first part needs them. */
function sharedMessages(
  { config, sharedState }: AssemblyOptions,
  { redis, logger }: Pick<Foundation, 'redis' | 'logger'>,
  closers: Closers,
): () => Promise<Messages> {
  const { redis: settings } = config.store;
  let opened: Promise<Messages> | undefined;
  const open = async () => {
    const messages =
      settings && redis ? await redisMessages(settings, redis, logger) : relayedMessages(sharedState?.messages);
    closers.add(() => messages.close());
    return messages;
  };
  return () => {
    opened ??= open();
    return opened;
  };
}

/** Opens the response cache, with the messages that invalidate it in other processes. */
async function openResponseCache(
  config: Config,
  {
    redis,
    instruments,
    logger,
    messages,
  }: Pick<Foundation, 'redis' | 'instruments' | 'logger'> & { readonly messages: () => Promise<Messages> },
): Promise<OpenCache | undefined> {
  if (!config.response_cache.enabled) return undefined;
  return openCache(config, { redis, messages: await messages(), instruments: instruments?.openCache(), logger });
}

function openLoggers({ config, logger: given }: AssemblyOptions, closers: Closers) {
  const { logging } = config.telemetry;
  const plainLogger = given ?? createLogger(logging);
  const isBuffered = config.production && given === undefined;
  const accessLogger = isBuffered ? createLogger({ ...logging, isBuffered }) : plainLogger;
  const logger = foldRepeats(plainLogger, logging.summary_interval);
  closers.add(async () => logger.flush());
  return { plainLogger, accessLogger, logger };
}

/** Opens the counts of usage. Their code is loaded only where they are on. They are closed after the last operations. */
async function openUsageOf(config: Config, parts: UsageParts, closers: Closers): Promise<OpenUsage | undefined> {
  if (!config.usage.enabled) return undefined;
  const { openUsage } = await import('./open-usage.ts');
  const usage = openUsage(config, parts);
  closers.add(() => usage.close());
  return usage;
}

function pluginOptions(options: AssemblyOptions, logger: Logger): PluginOptions {
  const { config, plugins: given, dev = false, ownsProcess } = options;
  return { sections: config.plugins, coprocessor: config.coprocessor, given, dev, ownsProcess, logger };
}

/** Opens what logs the failures of subgraphs. It is closed after the last operations. */
function openFailureLogs(
  { telemetry }: Config,
  logger: Logger,
  instruments: Instruments | undefined,
  closers: Closers,
) {
  const logging = { logger, intervalMs: telemetry.logging.summary_interval };
  const outages = createOutages(logging);
  const graphqlErrors = createGraphqlErrorLog(logging);
  closers.add(async () => outages.flush());
  closers.add(async () => graphqlErrors.flush());
  return { outages, responseObserver: observeResponses({ instruments, outages, graphqlErrors }) };
}

async function openModule(
  { authorization }: Config,
  logger: Logger,
  dev: boolean,
  instruments: Instruments | undefined,
): Promise<PolicyModule | undefined> {
  const { directives, policies } = authorization;
  if (!directives.enabled || policies.module === undefined) return undefined;
  return openPolicyModule(policies.module, logger, dev, instruments?.reloaded);
}
