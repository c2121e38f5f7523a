import type { Decision, Limit } from './limit.ts';

/** One limit to check, for one key. */
export interface LimitCheck {
  readonly limit: Limit;
  /** The key of the meter, unique per limit. */
  readonly key: string;
  /** How much it counts: a whole number from 1. */
  readonly weight: number;
}

/** All limits that apply to one request. A key occurs at most once per list. */
export interface LimitQuery {
  /** Limits of the request as a whole: if one of them is reached, nothing is counted. */
  readonly whole: readonly LimitCheck[];
  /** Parts that can be left out of the response: if one limit of a part is reached, nothing of that part is counted. */
  readonly parts: readonly (readonly LimitCheck[])[];
}

export type LimitDecision = Omit<Decision, 'next'>;

export interface LimitDecisions {
  /** In the order of the query. */
  readonly whole: readonly LimitDecision[];
  /** In the order of the query; empty lists when the request as a whole is rejected. */
  readonly parts: readonly (readonly LimitDecision[])[];
  /** True if the limits could not be counted. The request is rejected then, and the lists are empty. */
  readonly unavailable?: boolean;
}

/** Counts requests and decides what is allowed. Returns a promise if the counters are remote. */
export interface Limiter {
  check(query: LimitQuery): LimitDecisions | Promise<LimitDecisions>;
}

export function isAllowed(decisions: readonly LimitDecision[]): boolean {
  for (const { allowed } of decisions) if (!allowed) return false;
  return true;
}
