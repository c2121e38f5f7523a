import type { MeterKey } from '../../client/depends-on.ts';
import type { RateLimitSettings } from '../../config/rate-limit-settings.ts';
import type { RateLimitsConfig } from '../../config/sections/rate-limits.ts';
import type { OperationPolicy } from '../../pipeline/operation-policy.ts';
import type { Source } from '../../sources/source.ts';
import type { SharedRedis } from '../../store/redis.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { CountRefusal } from '../../telemetry/instruments.ts';
import { CostEstimator } from '../demand/demand-policy.ts';
import { countingLimiter } from './counting-limiter.ts';
import { dryRunLimiter } from './dry-run-limiter.ts';
import { rateLimitHeaders } from './headers.ts';
import type { Requester } from './keys.ts';
import { isAllowed, type LimitCheck, type LimitDecisions, type Limiter } from './limiter.ts';
import { createMemoryLimiter } from './memory-limiter.ts';
import { createRateLimitPolicy } from './rate-limit-policy.ts';
import { createRedisLimiter } from './redis-limiter.ts';
import { type RequestRefused, requestRefused } from './refuse.ts';
import { createRemoteLimiter, type RemoteCount } from './remote-limiter.ts';
import { operationRules, type RequestRules, requestRules } from './request-limits.ts';
import { createRule, type Rule } from './rule.ts';
import { rulesOfSchema, type SchemaRules } from './rules-of-schema.ts';
import { limitSource, meterKey } from './subgraph-limits.ts';
import { delayOf, wait } from './wait.ts';

/** The result of the limits that are checked before the operation is known. */
export interface CheckedLimits {
  readonly headers: Readonly<Record<string, string>>;
  readonly refused: RequestRefused | undefined;
}

/** All rate limits of a gateway. */
export interface RateLimits {
  readonly policy: OperationPolicy;
  /** The limiter, for limits that are configured elsewhere. */
  readonly limiter: Limiter;
  /**
   * Checks the limits of the request as a whole, for requests that do not run the policy per operation; `undefined` if there
   * are none.
   */
  readonly checkRequestLimits: ((requester: Requester) => CheckedLimits | Promise<CheckedLimits>) | undefined;
  /** Wraps a source with the limits of its subgraph. */
  limitSource(source: Source): Source;
  /** Returns by what the limits of a subgraph count clients separately; `undefined` if they count all together. */
  meterOf(subgraph: string): MeterKey | undefined;
}

export interface RateLimitsOptions {
  /** Returns milliseconds since 1970, for counters in memory. Default: the clock of this machine. */
  readonly now?: () => number;
  /** Assumed number of items of lists without `@listSize`, for limits weighed by cost. Default 0. */
  readonly listSize?: number;
  /** Called for each limit that is reached. */
  readonly refused?: CountRefusal | undefined;
  /** Counts for all processes of this machine if Redis does not; without it this process counts alone. */
  readonly countTogether?: RemoteCount | undefined;
}

export function createRateLimits(
  config: RateLimitsConfig,
  redis: SharedRedis | undefined,
  { now = Date.now, listSize = 0, refused, countTogether }: RateLimitsOptions = {},
): RateLimits {
  const { mode } = config;
  // without enforcement, clients need not know what is left
  const headers = config.headers && mode === 'enforce';
  const limiter = observed(limiterFor(config, redis, now, countTogether), mode, refused);
  const requests = requestRules('request', config.requests, 'requests');
  return {
    limiter,
    policy: createRateLimitPolicy({
      limiter,
      rulesOf: rulesBySupergraph(config.fields),
      requests,
      operations: operationRules(config.operations),
      headers,
      costs: new CostEstimator(listSize),
    }),
    checkRequestLimits:
      requests.size === 0 ? undefined : (requester) => checkRequestLimits(limiter, requests, headers, requester),
    limitSource(source) {
      const rules = subgraphRules(config, source.name);
      return rules.length === 0 ? source : limitSource(source, rules, limiter);
    },
    meterOf: (subgraph) => meterKey(subgraphRules(config, subgraph)),
  };
}

function subgraphRules({ subgraphs }: RateLimitsConfig, name: string): Rule[] {
  const own = Object.hasOwn(subgraphs, name) ? (subgraphs[name] ?? []) : [];
  return own.map((settings, index) => createRule('subgraph', settings, index === 0 ? name : `${name}#${index + 1}`));
}

function observed(limiter: Limiter, mode: RateLimitsConfig['mode'], refused: CountRefusal | undefined): Limiter {
  const counting = refused ? countingLimiter(limiter, refused, mode) : limiter;
  return mode === 'measure' ? dryRunLimiter(counting) : counting;
}

/** If each process can count for itself, requests do not wait long for Redis. */
const SHORT_MS = 50;

function limiterFor(
  config: RateLimitsConfig,
  redis: SharedRedis | undefined,
  now: () => number,
  countTogether: RemoteCount | undefined,
): Limiter {
  const inRedis = redis !== undefined && config.store !== 'memory';
  if (!inRedis && countTogether === undefined) return createMemoryLimiter({ now });
  const fallback = config.on_store_failure === 'fail_open' ? createMemoryLimiter({ now }) : REJECTING;
  if (inRedis) {
    const budgetMs = config.store_timeout ?? (config.on_store_failure === 'fail_open' ? SHORT_MS : redis.requiredMs);
    return createRedisLimiter({ redis, budgetMs, fallback });
  }
  return countTogether === undefined ? fallback : createRemoteLimiter(countTogether, fallback);
}

/** Rejects everything, because limits cannot be counted. */
const REJECTING: Limiter = { check: ({ parts }) => ({ whole: [], parts: parts.map(() => []), unavailable: true }) };

/** Caches the rules by supergraph types, which the public schemas of contracts share. */
function rulesBySupergraph(configured: Readonly<Record<string, readonly RateLimitSettings[]>>) {
  const known = new WeakMap<Supergraph['types'], SchemaRules>();
  return (supergraph: Supergraph): SchemaRules => {
    let rules = known.get(supergraph.types);
    if (rules === undefined) {
      rules = rulesOfSchema(supergraph, configured);
      known.set(supergraph.types, rules);
    }
    return rules;
  };
}

function checkRequestLimits(
  limiter: Limiter,
  requests: RequestRules,
  withHeaders: boolean,
  requester: Requester,
): CheckedLimits | Promise<CheckedLimits> {
  const checks = requests.checks(requester);
  if (checks.length === 0) return { headers: {}, refused: undefined };
  const result = limiter.check({ whole: checks, parts: [] });
  if ('then' in result) return result.then((settled) => checked(checks, settled, withHeaders));
  return checked(checks, result, withHeaders);
}

function checked(
  checks: readonly LimitCheck[],
  result: LimitDecisions,
  withHeaders: boolean,
): CheckedLimits | Promise<CheckedLimits> {
  const headers = withHeaders && result.unavailable !== true ? rateLimitHeaders(checks, result.whole) : {};
  const allowed = result.unavailable !== true && isAllowed(result.whole);
  if (!allowed) return { headers, refused: requestRefused(checks, result) };
  const passed = { headers, refused: undefined };
  const delayMs = delayOf(result);
  return delayMs === 0 ? passed : wait(delayMs).then(() => passed);
}
