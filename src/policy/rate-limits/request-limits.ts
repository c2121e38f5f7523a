import type { RateLimitsConfig } from '../../config/sections/rate-limits.ts';
import type { Requester } from './keys.ts';
import type { LimitCheck } from './limiter.ts';
import { checksFor, createRule, type Rule } from './rule.ts';

/** The limits of all requests, or of those with one operation. */
export interface RequestRules {
  readonly size: number;
  /** Whether one of them weighs requests by cost. */
  readonly weighsByCost: boolean;
  /** Returns the checks that count each request as one. */
  checks(requester: Requester): LimitCheck[];
  /** Returns the checks that count the cost of a request. */
  weighed(requester: Requester, cost: number): LimitCheck[];
}

type Settings = RateLimitsConfig['operations'][string][number] & { readonly plans?: readonly string[] | undefined };

interface PlanRule {
  readonly rule: Rule;
  readonly plans: readonly string[] | undefined;
}

/** @param name the name of the first rule if the config gives none */
export function requestRules(
  kind: 'request' | 'operation',
  configured: readonly Settings[],
  name: string,
): RequestRules {
  const [single, weighed]: [PlanRule[], PlanRule[]] = [[], []];
  for (const [index, settings] of configured.entries()) {
    const rule = createRule(kind, settings, index === 0 ? name : `${name}#${index + 1}`);
    (settings.weight === 'cost' ? weighed : single).push({ rule, plans: settings.plans });
  }
  const selectSingle = selector(single);
  const selectWeighed = selector(weighed);
  return {
    size: configured.length,
    weighsByCost: weighed.length > 0,
    checks: (requester) => checksFor(selectSingle(requester), requester),
    // the full cost counts even if the operation is rejected for it, and a request that costs nothing counts as 1
    weighed: (requester, cost) =>
      checksFor(selectWeighed(requester), requester, undefined, Math.max(1, Math.ceil(cost))),
  };
}

/** Returns a function that selects the rules for a client's plan. */
function selector(rules: readonly PlanRule[]): (requester: Requester) => readonly Rule[] {
  const all = rules.map(({ rule }) => rule);
  if (rules.every(({ plans }) => plans === undefined)) return () => all;
  return ({ identity }) =>
    rules
      .filter(({ plans }) => plans === undefined || (identity?.plan !== undefined && plans.includes(identity.plan)))
      .map(({ rule }) => rule);
}

/** Returns the limits of single operations, by the operation's name. */
export function operationRules(configured: RateLimitsConfig['operations']): ReadonlyMap<string, RequestRules> {
  const entries = Object.entries(configured).filter(([, all]) => all.length > 0);
  return new Map(entries.map(([operation, all]) => [operation, requestRules('operation', all, operation)]));
}
