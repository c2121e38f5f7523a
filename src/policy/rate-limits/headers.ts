import { type Limit, NEVER } from './limit.ts';
import type { LimitCheck, LimitDecision } from './limiter.ts';

/** Number of limits in the headers, which would otherwise grow with every field of the operation. */
const MOST_LIMITS = 12;

/** The quota policy of each limit, as a structured field item. */
const policies = new WeakMap<Limit, string>();

/**
 * Returns `RateLimit-Policy` and `RateLimit` of one response, names in lower case.
 *
 * `ratelimit-policy: "default";q=100;w=60` means a quota of 100 in 60 seconds.
 * `ratelimit: "default";r=12;t=34` means that 12 are left, and that the quota is full again in 34 seconds.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function rateLimitHeaders(
  checks: readonly LimitCheck[],
  decisions: readonly LimitDecision[],
): Record<string, string> {
  let policy = '';
  let state = '';
  const count = Math.min(checks.length, decisions.length, MOST_LIMITS);
  for (let i = 0; i < count; i++) {
    const { limit } = checks[i] as LimitCheck;
    const { remaining, resetMs } = decisions[i] as LimitDecision;
    const separator = i === 0 ? '' : ', ';
    policy += separator + policyOf(limit);
    state += `${separator}"${limit.name}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`;
  }
  return { 'ratelimit-policy': policy, ratelimit: state };
}

function policyOf(limit: Limit): string {
  let policy = policies.get(limit);
  if (policy === undefined) {
    const { name, limit: quota, capacity, algorithm, windowMs } = limit;
    const burst = algorithm === 'TOKEN_BUCKET' && capacity > quota ? capacity : quota;
    policy = `"${name}";q=${burst};w=${Math.max(1, Math.ceil(windowMs / 1_000))}`;
    policies.set(limit, policy);
  }
  return policy;
}

/** Returns the seconds until all limits would allow the request again; `undefined` if one never will. */
export function retryAfter(decisions: readonly LimitDecision[]): number | undefined {
  let longest = 1;
  for (const { retryMs } of decisions) {
    if (retryMs === NEVER) return undefined;
    longest = Math.max(longest, Math.ceil(retryMs / 1_000));
  }
  return longest;
}
