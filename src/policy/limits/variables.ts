import { ExactNumber } from '../../shared/exact-json.ts';

/**
 * How deep a JSON value nests: `0` for a scalar, `1` for `[1]`, `2` for `{"a": [1]}`. Without recursion.
 * @param enough stops there: deeper is no news
 */
export function jsonDepth(value: unknown, enough: number): number {
  let level: object[] = [];
  if (isContainer(value)) level.push(value);
  let depth = 0;
  while (level.length > 0 && depth < enough) {
    depth += 1;
    const below: object[] = [];
    for (const container of level) {
      // `in` goes over own keys only: these come from JSON, and `Object.prototype` has nothing to enumerate
      for (const key in container) {
        const inner: unknown = (container as Record<string, unknown>)[key];
        if (isContainer(inner)) below.push(inner);
      }
    }
    level = below;
  }
  return depth;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}
