import { compareNumbers, ExactNumber, isNumber } from '../../shared/exact-json.ts';

/** A JSON value, or `undefined` where there is none. */
export type Json = unknown;

export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** A property that the object has itself: `__proto__`, `constructor` and the like are nothing special. */
export function property(value: Json, key: string): Json {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** An object without a prototype, in which any key, `__proto__` too, is a key like any other. */
export function emptyObject(): Record<string, Json> {
  return Object.create(null) as Record<string, Json>;
}

/** `"string" | "number" | "boolean" | "null" | "array" | "object"`, and `"nothing"` for `undefined`. */
export function typeName(value: Json): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof ExactNumber) return 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Equality by value, at any depth; the order of an object's keys does not matter. */
export function equal(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, at) => equal(item, right[at]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
  );
}

/** A number, string or boolean as text, numbers with their digits; `undefined` for anything else. */
export function textOfScalar(value: Json): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber
    ? String(value)
    : undefined;
}
