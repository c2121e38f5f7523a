import { ExactNumber } from '../shared/exact-json.ts';

/** An object of a response, its fields under their aliased keys. */
export type ResponseObject = { [subgraphKey: string]: unknown };

export function isObject(value: unknown): value is ResponseObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Returns whether a value is missing or null. */
export function isNullish(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** Adds the objects in a value, through lists of any depth, to a list. */
export function gatherObjects(value: unknown, into: ResponseObject[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) gatherObjects(value[i], into);
  else if (isObject(value)) into.push(value);
}

/** Receives contradictions between fetches whose values are merged. */
export interface MergeObserver {
  /**
   * Called when one fetch returned null where another returned `value`; `isNew` when the null is in the merged value.
   */
  onNull(value: unknown, isNew: boolean): void;
  /** Called when the new list has another length than the known one, which stays. */
  onLength(known: readonly unknown[], length: number): void;
}

/**
 * Merges a value under a key where another fetch may have set one: objects are merged, and null never replaces a
 * value.
 */
export function mergeValue(into: ResponseObject, key: string, value: unknown, observer?: MergeObserver): void {
  if (value === undefined || key === '__proto__') return;
  // every object inherits `constructor`, which is not data
  const known = Object.hasOwn(into, key) ? into[key] : undefined;
  if (known === undefined) into[key] = value;
  else if (known === null) {
    into[key] = value;
    if (value !== null) observer?.onNull(value, false);
  } else mergeInto(known, value, observer);
}

function mergeInto(known: unknown, value: unknown, observer: MergeObserver | undefined): void {
  if (known === value) return;
  if (value === null) return observer?.onNull(known, true);
  if (Array.isArray(known) && Array.isArray(value)) {
    // the lists of both sides must match; where they do not, the first one stays
    if (known.length !== value.length) return observer?.onLength(known, value.length);
    for (let i = 0; i < known.length; i++) {
      if (known[i] !== null) mergeInto(known[i], value[i], observer);
      else if (value[i] !== null) {
        known[i] = value[i];
        observer?.onNull(value[i], false);
      }
    }
  } else if (isObject(known) && isObject(value)) {
    for (const key of Object.keys(value)) mergeValue(known, key, value[key], observer);
  }
}

/** Returns whether an object is of one of these types. */
export function isOfType(object: ResponseObject, types: ReadonlySet<string>): boolean {
  const { __typename: name } = object;
  // without a `__typename` there is one possible type only
  return name === undefined || types.has(name as string);
}

/** Returns a deep copy of a value. */
export function copyValue<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyValue) as T;
  if (!isObject(value)) return value;
  const copy: ResponseObject = {};
  for (const [key, nested] of Object.entries(value)) if (key !== '__proto__') copy[key] = copyValue(nested);
  return copy as T;
}
