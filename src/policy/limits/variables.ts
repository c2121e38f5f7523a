import { ExactNumber, stringifyJson } from '../../shared/exact-json.ts';

/** How large a JSON value is. */
export interface JsonSize {
  /** How deep it nests: `0` for a scalar, `1` for `[1]`, `2` for `{"a": [1]}`. Counted no further than `enough`. */
  readonly depth: number;
  /** Bytes that it has as JSON text, or more. */
  readonly bytesAtMost: number;
}

/**
 * Measures a JSON value without recursion, and without writing it.
 * @param enough stops at this depth: deeper is no news
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
      // `in` goes over own keys only: these come from JSON, and `Object.prototype` has nothing to enumerate
      else
        for (const key in container) add((container as Record<string, unknown>)[key], key.length * BYTES_PER_UNIT + 4);
    }
    level = below;
  }
  return { depth, bytesAtMost };
}

/** The bytes of a JSON value as text. It must not nest too deeply for the stack. */
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
