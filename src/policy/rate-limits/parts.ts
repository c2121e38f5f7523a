import type { CheckedRequest, DroppedField } from '../../pipeline/operation-policy.ts';
import { argumentsOf } from './arguments.ts';
import { isAllowed, type LimitCheck, type LimitDecisions } from './limiter.ts';
import type { MatchedLimit } from './matched-limits.ts';
import { fieldRefused } from './refuse.ts';
import { checksFor } from './rule.ts';

/** Parts of an operation that count together: the same field, selected several times with the same key. */
export interface Part {
  readonly checks: readonly LimitCheck[];
  readonly matched: readonly MatchedLimit[];
}

/** Returns the parts of an operation that count for a request, without fields that earlier policies have dropped. */
export function partsFor(matched: readonly MatchedLimit[], request: CheckedRequest): Part[] {
  const parts = new Map<string, { checks: LimitCheck[]; matched: MatchedLimit[] }>();
  for (const one of matched) {
    if (one.fields.every((field) => request.isDropped(field))) continue;
    const args = one.field && argumentsOf(one.field, one.definition, request.variables);
    const checks = checksFor(one.rules, request.client, args);
    const id = checks.length === 1 ? (checks[0]?.key ?? '') : checks.map(({ key }) => key).join('\n');
    const known = parts.get(id);
    if (known === undefined) parts.set(id, { checks, matched: [one] });
    else {
      known.matched.push(one);
      known.checks = checks.map((check) => ({ ...check, weight: known.matched.length }));
    }
  }
  return [...parts.values()];
}

/** Returns the fields of the parts that are not allowed, each with its error. */
export function droppedParts(parts: readonly Part[], result: LimitDecisions): DroppedField[] {
  const dropped: DroppedField[] = [];
  for (const [index, { checks, matched }] of parts.entries()) {
    const decisions = result.parts[index] ?? [];
    if (result.unavailable !== true && isAllowed(decisions)) continue;
    for (const { fields, field, path } of matched) {
      const name = field?.name ?? path.at(-1) ?? fields[0]?.name ?? '';
      const error = fieldRefused(name, checks, decisions);
      for (const one of fields) dropped.push({ field: one, error });
    }
  }
  return dropped;
}
