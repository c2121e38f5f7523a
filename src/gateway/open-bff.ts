import { type Bff, type BffOptions, createBff } from '../bff/bff.ts';
import type { AcceptedCredentials } from '../bff/handlers/challenge.ts';
import type { EndpointSubscriptions } from '../bff/handlers/stream-events.ts';
import type { KeyStore } from '../bff/idempotency/idempotency.ts';
import type { CacheStore } from '../cache/cache-store.ts';
import type { Config } from '../config/config.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { tagHeaderIn } from '../config/sections/response-cache.ts';
import type { AdmissionControl } from '../policy/admission/admission.ts';
import type { Limiter } from '../policy/rate-limits/limiter.ts';
import type { ByteBudget } from '../shared/byte-budget.ts';
import type { SharedRedis } from '../store/redis.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { documentSettings } from './document-settings.ts';
import { endpointSettings } from './endpoint-settings.ts';
import { hidesSchemaDetails } from './engine-policies.ts';
import type { Gateway } from './generations.ts';
import type { OpenUsage } from './open-usage.ts';

export interface BffParts {
  readonly gateway: Gateway;
  readonly logger: Logger;
  readonly redis: SharedRedis | undefined;
  /** The store of idempotency keys without `bff.redis`. Default in memory. */
  readonly keyStore?: KeyStore | undefined;
  /** Counts for `rate_limit` in client.yaml. */
  readonly limiter: Limiter;
  /** Whether to serve the demo page. */
  readonly demo: boolean;
  readonly byteBudget: ByteBudget;
  readonly admission?: AdmissionControl | undefined;
  readonly subscriptions: EndpointSubscriptions | undefined;
  readonly instruments?: Instruments | undefined;
  /** The store of the response cache, where that is on. */
  readonly cacheStore?: CacheStore | undefined;
  /** See {@link BffOptions}. */
  readonly rules?: BffOptions['rules'];
  /** Counts a request to an endpoint. */
  readonly countUse?: OpenUsage['countEndpoint'] | undefined;
  /** Purges in all processes of this gateway. */
  readonly purgeEverywhere?: ((tags: readonly string[]) => Promise<number>) | undefined;
}

/** Creates the endpoints of a folder with the settings of the config. Rejects when the folder cannot be read. */
export function openBff(
  dir: string,
  config: Config,
  {
    gateway,
    logger,
    redis,
    keyStore,
    limiter,
    demo,
    byteBudget,
    admission,
    subscriptions,
    instruments,
    purgeEverywhere,
    cacheStore,
    rules,
    countUse,
  }: BffParts,
): Promise<Bff> {
  const { bff, traffic_shaping } = config;
  return createBff({
    dir,
    engine: gateway.engine,
    logger,
    dev: !config.production,
    pathPrefix: config.path_prefix,
    hidesDetails: hidesSchemaDetails(config),
    onProblems: problemLogger(logger),
    timeoutMs: traffic_shaping.router.timeout,
    shareReads: traffic_shaping.router.deduplicate_query,
    maxRequestBytes: config.limits.http_max_request_bytes,
    byteBudget,
    admission,
    subscriptions,
    compressFrom: bff.compression.enabled ? bff.compression.threshold : undefined,
    cacheBytes: bff.cache.enabled ? bff.cache.max_bytes : 0,
    cacheStore,
    cacheJitter: cacheStore && config.response_cache.jitter,
    cacheTagHeader: tagHeaderIn(config.response_cache),
    rules,
    endpointConfig: endpointSettings(config),
    errorStatus: new Map(Object.entries(bff.error_status)),
    acceptedCredentials: acceptedCredentials(config),
    demo,
    redis: bff.redis ? redis : undefined,
    keyStore,
    limiter,
    limitHeaders: config.rate_limits.headers && config.rate_limits.mode === 'enforce',
    docs: bff.docs ?? !(config.production || hidesSchemaDetails(config)),
    documentSettings: documentSettings(config),
    purgeToken: bff.purge_token,
    purgeEverywhere,
    onCache: instruments?.responseCacheLookedUp,
    onRefused: instruments?.refused,
    countUse,
  });
}

/**
 * Reads the folder again. If that fails, keeps the endpoints and logs the error.
 * @param keepsWorking see `Bff.reload`
 */
export async function reloadBff(
  bff: Bff,
  { logger, instruments }: Pick<BffParts, 'logger' | 'instruments'>,
  keepsWorking = false,
): Promise<void> {
  try {
    const problems = await bff.reload({ keepsWorking });
    instruments?.reloaded('endpoints', problems.length === 0);
    if (problems.length === 0) return;
    logger.error({ problems: problems.map(formatProblem) }, 'BFF endpoints have problems; keeping the previous ones');
  } catch (err) {
    instruments?.reloaded('endpoints', false);
    logger.error({ err }, 'the BFF folder cannot be read; keeping the previous endpoints');
  }
}

/** Returns a function that logs the problems of endpoints after each check, and logs once when all are fixed. */
function problemLogger(logger: Logger): (problems: readonly Problem[]) => void {
  let hadProblems = false;
  return (problems) => {
    if (problems.length > 0) logger.error({ problems: problems.map(formatProblem) }, 'BFF endpoints have problems');
    else if (hadProblems) logger.info({}, 'BFF endpoints have no problems any longer');
    hadProblems = problems.length > 0;
  };
}

function acceptedCredentials({
  authentication,
  introspection_endpoints,
  api_keys,
  login,
  path_prefix: pathPrefix,
}: Config): AcceptedCredentials {
  return {
    tokens: authentication.router.jwt.jwks.length > 0 || introspection_endpoints.length > 0,
    apiKeys: api_keys !== undefined,
    pathPrefix,
    logins: new Set(Object.keys(login ?? {})),
  };
}
