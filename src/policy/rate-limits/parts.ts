import type { CheckedRequest, DroppedField } from '../../pipeline/operation-policy.ts';
import { argumentsOf } from './arguments.ts';
import { isAllowed, type LimitCheck, type LimitDecisions } from './limiter.ts';
import type { MatchedLimit } from './matched-limits.ts';
import { fieldRefused } from './refuse.ts';
import { checksFor } from './rule.ts';

/** Parts of one operation that count together for one request: the same field, asked for several times by the same key. */
export interface Part {
  readonly checks: readonly LimitCheck[];
  readonly matched: readonly MatchedLimit[];
}

/** What of an operation counts for one request; what an earlier policy has dropped does not. */
export function partsFor(matched: readonly MatchedLimit[], request: CheckedRequest): Part[] {
  const parts = new Map<string, { checks: LimitCheck[]; matched: MatchedLimit[] }>();
  for (const one of matched) {
    if (one.fields.every((field) => request.isDropped(field))) continue;
    const args = one.field && argumentsOf(one.field, one.definition, request.variables);
    const checks = checksFor(one.rules, request.client, args);
    const together = checks.length === 1 ? (checks[0]?.key ?? '') : checks.map(({ key }) => key).join('\n');
    const known = parts.get(together);
    if (known === undefined) parts.set(together, { checks, matched: [one] });
    else {
      known.matched.push(one);
      known.checks = checks.map((check) => ({ ...check, weight: known.matched.length }));
    }
  }
  return [...parts.values()];
}

/** The fields of the parts that were not allowed, each with the reason. */
export function droppedParts(parts: readonly Part[], answer: LimitDecisions): DroppedField[] {
  const dropped: DroppedField[] = [];
  for (const [index, { checks, matched }] of parts.entries()) {
    const decisions = answer.parts[index] ?? [];
    if (answer.unavailable !== true && isAllowed(decisions)) continue;
    for (const { fields, field, path } of matched) {
      const name = field?.name ?? path.at(-1) ?? fields[0]?.name ?? '';
      const error = fieldRefused(name, checks, decisions);
      for (const one of fields) dropped.push({ field: one, error });
    }
  }
  return dropped;
}
