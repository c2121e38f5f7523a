import { plainValue } from '../../shared/exact-json.ts';
import { equal, isObject, type Json, property } from './json.ts';
import { type Method, methodOfValues } from './method.ts';

/** Evaluates its argument for each item, which is `@`. A value that is not an array counts as an array of one item. */
const map: Method = {
  arity: [1, 1],
  apply(value, [each], scope, evaluate) {
    if (each === undefined) return undefined;
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => evaluate(each, item, scope) ?? null);
  },
};

const filter: Method = {
  arity: [1, 1],
  apply(value, [test], scope, evaluate) {
    if (test === undefined) return undefined;
    const items = Array.isArray(value) ? value : [value];
    return items.filter((item) => evaluate(test, item, scope) === true);
  },
};

const find: Method = {
  arity: [1, 1],
  apply(value, [test], scope, evaluate) {
    if (test === undefined) return undefined;
    const items = Array.isArray(value) ? value : [value];
    return items.find((item) => evaluate(test, item, scope) === true);
  },
};

function slice(value: Json, args: readonly Json[]): Json {
  const [from = 0, to] = plainValue(args);
  if (typeof from !== 'number' || (to !== undefined && typeof to !== 'number')) return undefined;
  // by code points, so that no character is cut in half
  if (typeof value === 'string') return [...value].slice(from, to).join('');
  return Array.isArray(value) ? value.slice(from, to) : undefined;
}

function size(value: Json): Json {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : undefined;
}

/** Returns an item or character by index (negative from the end), or a property by name. */
function get(value: Json, [place]: readonly Json[]): Json {
  const at = plainValue(place);
  if (typeof at === 'number') {
    if (typeof value === 'string') return [...value].at(at);
    return Array.isArray(value) ? value.at(at) : undefined;
  }
  return typeof at === 'string' ? property(value, at) : undefined;
}

function has(value: Json, [at]: readonly Json[]): Json {
  if (typeof at === 'string') return isObject(value) && Object.hasOwn(value, at);
  return get(value, [at]) !== undefined;
}

function itemAt(at: 0 | -1): Method {
  return methodOfValues([0, 0], (value) =>
    Array.isArray(value) || typeof value === 'string' ? get(value, [at]) : value,
  );
}

/** Methods on arrays and objects. */
export const COLLECTION_METHODS = {
  map,
  filter,
  find,
  first: itemAt(0),
  last: itemAt(-1),
  slice: methodOfValues([0, 2], slice),
  size: methodOfValues([0, 0], size),
  get: methodOfValues([1, 1], get),
  has: methodOfValues([1, 1], has),
  entries: methodOfValues([0, 0], (value) =>
    isObject(value) ? Object.entries(value).map(([key, item]) => ({ key, value: item })) : undefined,
  ),
  keys: methodOfValues([0, 0], (value) => (isObject(value) ? Object.keys(value) : undefined)),
  values: methodOfValues([0, 0], (value) => (isObject(value) ? Object.values(value) : undefined)),
  contains: methodOfValues([1, 1], (value, [item]) =>
    Array.isArray(value) ? value.some((other) => equal(other, item)) : undefined,
  ),
  in: methodOfValues([1, 1], (value, [items]) =>
    Array.isArray(items) ? items.some((other) => equal(other, value)) : undefined,
  ),
} satisfies Record<string, Method>;
