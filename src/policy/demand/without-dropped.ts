import type { OpField } from '../../operation/operation.ts';
import type { CheckedRequest, DroppedField } from '../../pipeline/operation-policy.ts';

/**
 * Works out something of an operation: of the whole of it now, and without the fields that earlier policies have dropped from a
 * request when one first comes. The same list of dropped fields has the same result.
 */
export function withoutDropped<T>(
  workOut: (dropped: ReadonlySet<OpField> | undefined) => T,
): (request: Pick<CheckedRequest, 'drop'>) => T {
  const whole = workOut(undefined);
  const parts = new WeakMap<readonly DroppedField[], { readonly result: T }>();
  return ({ drop }) => {
    if (drop.length === 0) return whole;
    let part = parts.get(drop);
    if (part === undefined) {
      part = { result: workOut(new Set(drop.map(({ field }) => field))) };
      parts.set(drop, part);
    }
    return part.result;
  };
}
