import type { Decision, Limit } from './limit.ts';

/** One limit that something counts against, for one key. */
export interface LimitCheck {
  readonly limit: Limit;
  /** Whose meter it is: unique for the limit and what it goes by. */
  readonly key: string;
  /** How many it counts for: a whole number from 1. */
  readonly weight: number;
}

/** All limits that one request touches. No key stands twice in one list. */
export interface LimitQuery {
  /** Limits of the request as a whole: where one of them refuses, nothing at all is counted. */
  readonly whole: readonly LimitCheck[];
  /** Parts that can be left out. Where one limit of a part refuses, nothing of that part is counted. */
  readonly parts: readonly (readonly LimitCheck[])[];
}

export type LimitDecision = Omit<Decision, 'next'>;

export interface LimitDecisions {
  /** In the order of the question. */
  readonly whole: readonly LimitDecision[];
  /** In the order of the question; empty lists when the request as a whole is refused. */
  readonly parts: readonly (readonly LimitDecision[])[];
  /** It could not be counted, and is refused for that; nothing is told then. */
  readonly unavailable?: boolean;
}

/** Counts, and says what is still allowed. The answer is a promise where it has to be fetched. */
export interface Limiter {
  ask(question: LimitQuery): LimitDecisions | Promise<LimitDecisions>;
}

export function isAllowed(decisions: readonly LimitDecision[]): boolean {
  for (const { allowed } of decisions) if (!allowed) return false;
  return true;
}
