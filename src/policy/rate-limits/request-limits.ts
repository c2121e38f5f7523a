import type { RateLimitsConfig } from '../../config/sections/rate-limits.ts';
import type { Asker } from './keys.ts';
import type { LimitCheck } from './limiter.ts';
import { checksFor, createRule, type Rule } from './rule.ts';

/** Limits of whole requests. */
export interface RequestRules {
  readonly size: number;
  checks(asker: Asker): LimitCheck[];
}

export function requestRules(configured: RateLimitsConfig['requests']): RequestRules {
  const forAll: Rule[] = [];
  const byPlan = new Map<string, Rule[]>();
  for (const [index, { plans, ...settings }] of configured.entries()) {
    const rule = createRule('request', settings, index === 0 ? 'requests' : `requests#${index + 1}`);
    if (plans === undefined) forAll.push(rule);
    for (const plan of plans ?? []) byPlan.set(plan, [...(byPlan.get(plan) ?? []), rule]);
  }
  return {
    size: configured.length,
    checks(asker) {
      const ofPlan = asker.identity?.plan === undefined ? undefined : byPlan.get(asker.identity.plan);
      return checksFor(ofPlan === undefined ? forAll : [...forAll, ...ofPlan], asker);
    },
  };
}

/** Limits of single operations, by the operation's name. */
export function operationRules(configured: RateLimitsConfig['operations']): ReadonlyMap<string, readonly Rule[]> {
  const entries = Object.entries(configured).map(([operation, all]) => {
    const rules = all.map((settings, index) =>
      createRule('operation', settings, index === 0 ? operation : `${operation}#${index + 1}`),
    );
    return [operation, rules] as const;
  });
  return new Map(entries.filter(([, rules]) => rules.length > 0));
}
