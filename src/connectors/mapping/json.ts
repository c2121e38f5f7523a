import { compareNumbers, ExactNumber, isNumber } from '../../shared/exact-json.ts';
import { UploadedFile } from '../../shared/uploads/uploaded-file.ts';
import { MappedList } from './mapped-list.ts';

/** A JSON value; `undefined` where it is missing. */
export type Json = unknown;

export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isOpaque(value);
}

/** Returns whether an object of this process stands for a number, a list or a file. */
function isOpaque(value: object): boolean {
  return value instanceof ExactNumber || value instanceof MappedList || value instanceof UploadedFile;
}

/** Returns an own property; names such as `__proto__` and `constructor` have no special meaning. */
export function property(value: Json, key: string): Json {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Sets a property; `__proto__` is a normal key. For objects whose prototype is the usual one, which take a fraction of the memory. */
export function put(object: Record<string, Json>, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Creates an object without a prototype, so that `__proto__` is a normal key. */
export function emptyObject(): Record<string, Json> {
  return Object.create(null) as Record<string, Json>;
}

/** Returns `"string"`, `"number"`, `"boolean"`, `"null"`, `"array"` or `"object"`; `"nothing"` for `undefined`. */
export function typeName(value: Json): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof ExactNumber) return 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Compares values deeply. The order of an object's keys does not matter. */
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

/** Converts a number, string or boolean to text, with exact numbers; returns `undefined` for other values. */
export function textOfScalar(value: Json): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber
    ? String(value)
    : undefined;
}
