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
import { createRule } from './rule.ts';
import { rulesOfSchema, type SchemaRules } from './rules-of-schema.ts';
import { limitSource } from './subgraph-limits.ts';
import { delayOf, wait } from './wait.ts';

/** What is said of a request before its operation is looked at. */
export interface CheckedLimits {
  readonly headers: Readonly<Record<string, string>>;
  readonly refused: RequestRefused | undefined;
}

/** All rate limits of a gateway. */
export interface RateLimits {
  readonly policy: OperationPolicy;
  /** Counts where all these limits are counted: for limits that are configured elsewhere. */
  readonly limiter: Limiter;
  /**
   * Decides the limits of the request as a whole, for requests whose operation is not asked one by one; `undefined`
   * where there are none.
   */
  readonly checkRequestLimits: ((requester: Requester) => CheckedLimits | Promise<CheckedLimits>) | undefined;
  /** The source with the limits of its subgraph around it. */
  limitSource(source: Source): Source;
}

export interface RateLimitsOptions {
  /** Milliseconds since 1970, where it is counted in memory; by default the clock of this machine. */
  readonly now?: () => number;
  /** How many items a list is taken to have, where limits weigh by cost and `@listSize` does not say. Default 0. */
  readonly listSize?: number;
  /** Told of each limit that refuses. */
  readonly refused?: CountRefusal | undefined;
  /** Counts for all processes of this machine, where Redis does not; without it this process counts alone. */
  readonly countTogether?: RemoteCount | undefined;
}

export function createRateLimits(
  config: RateLimitsConfig,
  redis: SharedRedis | undefined,
  { now = Date.now, listSize = 0, refused, countTogether }: RateLimitsOptions = {},
): RateLimits {
  const { mode } = config;
  // what is left of a limit that is not enforced is nobody's business
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
      const own = Object.hasOwn(config.subgraphs, source.name) ? (config.subgraphs[source.name] ?? []) : [];
      if (own.length === 0) return source;
      const rules = own.map((settings, index) =>
        createRule('subgraph', settings, index === 0 ? source.name : `${source.name}#${index + 1}`),
      );
      return limitSource(source, rules, limiter);
    },
  };
}

function observed(limiter: Limiter, mode: RateLimitsConfig['mode'], refused: CountRefusal | undefined): Limiter {
  const counting = refused ? countingLimiter(limiter, refused, mode) : limiter;
  return mode === 'measure' ? dryRunLimiter(counting) : counting;
}

/** Where each process can count for itself, requests need not wait long. */
const SHORT_MS = 50;

function limiterFor(
  config: RateLimitsConfig,
  redis: SharedRedis | undefined,
  now: () => number,
  countTogether: RemoteCount | undefined,
): Limiter {
  const inRedis = redis !== undefined && config.store !== 'memory';
  if (!inRedis && countTogether === undefined) return createMemoryLimiter({ now });
  const otherwise = config.on_store_failure === 'fail_open' ? createMemoryLimiter({ now }) : REFUSING;
  if (inRedis) {
    const budgetMs = config.store_timeout ?? (config.on_store_failure === 'fail_open' ? SHORT_MS : redis.requiredMs);
    return createRedisLimiter({ redis, budgetMs, otherwise });
  }
  return countTogether === undefined ? otherwise : createRemoteLimiter(countTogether, otherwise);
}

/** Says no to everything. */
const REFUSING: Limiter = { ask: ({ parts }) => ({ whole: [], parts: parts.map(() => []), unavailable: true }) };

/** The public schemas of contracts share the supergraph's types, so each supergraph is looked at once. */
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
  const answer = limiter.ask({ whole: checks, parts: [] });
  if ('then' in answer) return answer.then((settled) => checked(checks, settled, withHeaders));
  return checked(checks, answer, withHeaders);
}

function checked(
  checks: readonly LimitCheck[],
  answer: LimitDecisions,
  withHeaders: boolean,
): CheckedLimits | Promise<CheckedLimits> {
  const headers = withHeaders && answer.unavailable !== true ? rateLimitHeaders(checks, answer.whole) : {};
  const allowed = answer.unavailable !== true && isAllowed(answer.whole);
  if (!allowed) return { headers, refused: requestRefused(checks, answer) };
  const result = { headers, refused: undefined };
  const delayMs = delayOf(answer);
  return delayMs === 0 ? result : wait(delayMs).then(() => result);
}
