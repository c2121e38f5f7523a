import { ExactNumber, stringifyJson } from '../../shared/exact-json.ts';

/** The size of a JSON value. */
export interface JsonSize {
  /** Nesting depth: `0` for a scalar, `1` for `[1]`, `2` for `{"a": [1]}`. Counted up to `enough`. */
  readonly depth: number;
  /** An upper bound of its bytes as JSON text. */
  readonly bytesAtMost: number;
}

/**
 * Measures a JSON value without recursion and without serialising it.
 * @param enough counting stops at this depth
 */
export function measureJson(value: unknown, enough: number): JsonSize {
  let level: object[] = [];
  let bytesAtMost = bytesOf(value);
  if (isContainer(value)) level.push(value);
  let depth = 0;
  while (level.length > 0 && depth < enough) {
    depth += 1;
    const below: object[] = [];
    const add = (inner: unknown, bytes: number): void => {
      bytesAtMost += bytesOf(inner) + bytes;
      if (isContainer(inner)) below.push(inner);
    };
    for (const container of level) {
      if (Array.isArray(container)) for (const item of container) add(item, 1);
      // `in` visits own keys only: the values come from JSON, and `Object.prototype` has no enumerable keys
      else
        for (const key in container) add((container as Record<string, unknown>)[key], key.length * BYTES_PER_UNIT + 4);
    }
    level = below;
  }
  return { depth, bytesAtMost };
}

/** Returns the bytes of a JSON value as text. The value must not nest too deeply for the stack. */
export function jsonBytes(value: object): number {
  return Buffer.byteLength(stringifyJson(value));
}

/** A UTF-16 unit is `\u0000` in the worst case. */
const BYTES_PER_UNIT = 6;
/** `-1.7976931348623157e+308` */
const LONGEST_NUMBER = 24;

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length * BYTES_PER_UNIT + 2;
  return value instanceof ExactNumber ? value.text.length : LONGEST_NUMBER;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}
