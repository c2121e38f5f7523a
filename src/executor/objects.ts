import { ExactNumber } from '../shared/exact-json.ts';

/** An object of a response, its fields under their wire keys. */
export type ResponseObject = { [wireKey: string]: unknown };

export function isObject(value: unknown): value is ResponseObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Adds the objects in a value, through lists of any depth, to a list. */
export function gatherObjects(value: unknown, into: ResponseObject[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) gatherObjects(value[i], into);
  else if (isObject(value)) into.push(value);
}

/** Puts a value under a key where another fetch may have put one already: objects are united, null never wins. */
export function mergeValue(into: ResponseObject, key: string, value: unknown): void {
  if (value === undefined || key === '__proto__') return;
  // `constructor` is in every object, yet no answer
  const known = Object.hasOwn(into, key) ? into[key] : undefined;
  if (known === undefined || known === null) into[key] = value;
  else mergeInto(known, value);
}

function mergeInto(known: unknown, value: unknown): void {
  if (known === value) return;
  if (Array.isArray(known) && Array.isArray(value)) {
    // the two sides must agree on what the list is; where they do not, the first answer stands
    if (known.length !== value.length) return;
    for (let i = 0; i < known.length; i++) {
      if (known[i] === null) known[i] = value[i];
      else mergeInto(known[i], value[i]);
    }
  } else if (isObject(known) && isObject(value)) {
    for (const key of Object.keys(value)) mergeValue(known, key, value[key]);
  }
}

/** Whether an object is of one of these types. */
export function isOf(object: ResponseObject, types: ReadonlySet<string>): boolean {
  const { __typename: name } = object;
  // where a subgraph tells no type, it has one only
  return name === undefined || types.has(name as string);
}

/** A copy with nothing in common with the original. */
export function copyValue<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyValue) as T;
  if (!isObject(value)) return value;
  const copy: ResponseObject = {};
  for (const [key, nested] of Object.entries(value)) if (key !== '__proto__') copy[key] = copyValue(nested);
  return copy as T;
}
