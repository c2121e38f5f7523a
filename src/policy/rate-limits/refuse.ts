import type { FieldRefusal, PolicyRefusal } from '../../pipeline/operation-policy.ts';
import { retryAfter } from './headers.ts';
import type { LimitCheck, LimitDecision, LimitDecisions } from './limiter.ts';

const CODE = 'RATE_LIMITED';

/** Why a whole request is rejected: status 429, or 503 if the limits cannot be counted. `retryAfter` in seconds. */
export interface RequestRefused {
  readonly status: 429 | 503;
  readonly message: string;
  readonly retryAfter: number | undefined;
}

export function requestRefused(checks: readonly LimitCheck[], { whole, unavailable }: LimitDecisions): RequestRefused {
  if (unavailable === true) {
    return { status: 503, message: 'Rate limits cannot be counted right now. Try again later.', retryAfter: 1 };
  }
  const wait = retryAfter(whole.filter(({ allowed }) => !allowed));
  return {
    status: 429,
    message: `Too many requests: ${reached(checks, whole)}. ${retryAdvice(wait)}`,
    retryAfter: wait,
  };
}

export function policyRefusal({ status, message, retryAfter }: RequestRefused): PolicyRefusal {
  const code = status === 503 ? 'SERVICE_UNAVAILABLE' : CODE;
  return { status, errors: [{ message, extensions: retryAfter === undefined ? { code } : { code, retryAfter } }] };
}

export function retryAfterHeader({ retryAfter }: RequestRefused): Record<string, string> {
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
}

/** Returns the error for a field that is left out. */
export function fieldRefused(
  name: string,
  checks: readonly LimitCheck[],
  decisions: readonly LimitDecision[],
): FieldRefusal {
  if (decisions.length === 0) {
    const message = `The rate limit of "${name}" cannot be counted right now. Try again later.`;
    return { message, extensions: { code: CODE, retryAfter: 1 } };
  }
  const wait = retryAfter(decisions.filter(({ allowed }) => !allowed));
  const message = `Too many requests for "${name}": ${reached(checks, decisions)}. ${retryAdvice(wait)}`;
  return { message, extensions: wait === undefined ? { code: CODE } : { code: CODE, retryAfter: wait } };
}

function reached(checks: readonly LimitCheck[], decisions: readonly LimitDecision[]): string {
  const limits = checks
    .filter((_, i) => decisions[i]?.allowed === false)
    .map(({ limit }) => {
      return `the limit "${limit.name}" is ${limit.limit} in ${formatDuration(limit.windowMs)}`;
    });
  return limits.join(', ');
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
] as const;

/** Formats a duration: `1m`, `90s`, `250ms`. */
export function formatDuration(ms: number): string {
  for (const [size, unit] of UNITS) if (ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}

function retryAdvice(wait: number | undefined): string {
  if (wait === undefined) return 'The request asks for more at once than is ever allowed.';
  return `Try again in ${wait} second${wait === 1 ? '' : 's'}.`;
}
