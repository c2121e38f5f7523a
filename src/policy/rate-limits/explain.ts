import type { RateLimitsConfig } from '../../config/sections/rate-limits.ts';
import type { Operation } from '../../operation/operation.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { matchLimits } from './matched-limits.ts';
import { formatDuration } from './refuse.ts';
import { createRule, type Rule } from './rule.ts';
import { rulesOfSchema } from './rules-of-schema.ts';

/**
 * Lists the rate limits of an operation as text:
 *
 *     whole request
 *       requests       100 in 1m by client
 *     search
 *       Query.search   10 in 1m by client, 20 at once
 */
export function explainLimits(operation: Operation, supergraph: Supergraph, config: RateLimitsConfig): string {
  const own = Object.hasOwn(config.operations, operation.name ?? '') ? config.operations[operation.name ?? ''] : [];
  const whole = [
    ...wholeRules('request', config.requests, 'requests'),
    ...wholeRules('operation', own ?? [], operation.name ?? ''),
  ];
  const matched = matchLimits(operation, rulesOfSchema(supergraph, config.fields), supergraph.publicSchema);
  const sections = [
    { title: 'whole request', limits: whole },
    ...matched.map(({ path, rules, field }) => ({
      title: path.length === 0 ? 'all fields' : path.join('.') + (field ? '' : ' (fragment)'),
      limits: rules.map((rule) => ({ rule, note: '' })),
    })),
  ].filter(({ limits }) => limits.length > 0);
  if (sections.length === 0) return 'No rate limit applies to this operation.\n';
  const width = Math.max(...sections.flatMap(({ limits }) => limits.map(({ rule }) => rule.limit.name.length)));
  return sections
    .map(({ title, limits }) => {
      const lines = limits.map(({ rule, note }) => `  ${rule.limit.name.padEnd(width)}  ${inShort(rule)}${note}\n`);
      return `${title}\n${lines.join('')}`;
    })
    .join('');
}

type Whole = RateLimitsConfig['operations'][string][number] & { readonly plans?: readonly string[] | undefined };

function wholeRules(kind: string, all: readonly Whole[], name: string) {
  return all.map((settings, index) => {
    const { plans, weight } = settings;
    const rule = createRule(kind, settings, index === 0 ? name : `${name}#${index + 1}`);
    const cost = weight === 'cost' ? ', counted by cost' : '';
    return { rule, note: `${cost}${plans === undefined ? '' : `, only for the plan ${plans.join(' or ')}`}` };
  });
}

function inShort({ limit, by }: Rule): string {
  const { limit: count, windowMs, algorithm, capacity } = limit;
  const bound = {
    TOKEN_BUCKET: capacity === count ? '' : `, ${capacity} at once`,
    LEAKY_BUCKET: `, evenly spaced, ${capacity - 1} may wait`,
    FIXED_WINDOW: ', in fixed windows',
    SLIDING_WINDOW: ', in a sliding window',
  }[algorithm];
  return `${count} in ${formatDuration(windowMs)} by ${by.join(' and ')}${bound}`;
}
