import type { RateLimitsConfig } from '../../config/sections/rate-limits.ts';
import type { Requester } from './keys.ts';
import type { LimitCheck } from './limiter.ts';
import { checksFor, createRule, type Rule } from './rule.ts';

/** Limits of whole requests, or of those for one operation. */
export interface RequestRules {
  readonly size: number;
  /** Whether one of them weighs requests by their cost. */
  readonly weighs: boolean;
  /** Those that count each request as one. */
  checks(requester: Requester): LimitCheck[];
  /** Those that count what a request costs. */
  weighed(requester: Requester, cost: number): LimitCheck[];
}

type Settings = RateLimitsConfig['operations'][string][number] & { readonly plans?: readonly string[] | undefined };

interface OneRule {
  readonly rule: Rule;
  readonly plans: readonly string[] | undefined;
}

/** @param name the first one's, where people gave none */
export function requestRules(
  kind: 'request' | 'operation',
  configured: readonly Settings[],
  name: string,
): RequestRules {
  const [single, weighed]: [OneRule[], OneRule[]] = [[], []];
  for (const [index, settings] of configured.entries()) {
    const rule = createRule(kind, settings, index === 0 ? name : `${name}#${index + 1}`);
    (settings.weight === 'cost' ? weighed : single).push({ rule, plans: settings.plans });
  }
  const selectSingle = selector(single);
  const selectWeighed = selector(weighed);
  return {
    size: configured.length,
    weighs: weighed.length > 0,
    checks: (requester) => checksFor(selectSingle(requester), requester),
    // what is refused for being dear counts whole; a request that costs nothing is a request still
    weighed: (requester, cost) =>
      checksFor(selectWeighed(requester), requester, undefined, Math.max(1, Math.ceil(cost))),
  };
}

/** The rules that hold for who asks: all of them, or those of the plan. */
function selector(rules: readonly OneRule[]): (requester: Requester) => readonly Rule[] {
  const all = rules.map(({ rule }) => rule);
  if (rules.every(({ plans }) => plans === undefined)) return () => all;
  return ({ identity }) =>
    rules
      .filter(({ plans }) => plans === undefined || (identity?.plan !== undefined && plans.includes(identity.plan)))
      .map(({ rule }) => rule);
}

/** Limits of single operations, by the operation's name. */
export function operationRules(configured: RateLimitsConfig['operations']): ReadonlyMap<string, RequestRules> {
  const entries = Object.entries(configured).filter(([, all]) => all.length > 0);
  return new Map(entries.map(([operation, all]) => [operation, requestRules('operation', all, operation)]));
}
