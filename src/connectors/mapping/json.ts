/** A JSON value, or `undefined` where there is none. */
export type Json = unknown;

export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Equality by value, at any depth; the order of an object's keys does not matter. */
export function equal(left: Json, right: Json): boolean {
  if (left === right) return true;
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
