import type { OpField } from '../../operation/operation.ts';
import type { CheckedRequest, DroppedField } from '../../pipeline/operation-policy.ts';

/**
 * Computes a value of an operation: once for the whole operation, and once for each list of fields that earlier policies drop
 * from requests.
 */
export function withoutDropped<T>(
  compute: (dropped: ReadonlySet<OpField> | undefined) => T,
): (request: Pick<CheckedRequest, 'drop'>) => T {
  const whole = compute(undefined);
  const parts = new WeakMap<readonly DroppedField[], { readonly result: T }>();
  return ({ drop }) => {
    if (drop.length === 0) return whole;
    let part = parts.get(drop);
    if (part === undefined) {
      part = { result: compute(new Set(drop.map(({ field }) => field))) };
      parts.set(drop, part);
    }
    return part.result;
  };
}
