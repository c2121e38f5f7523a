import type { QueryPlan } from '../planner/plan.ts';
import type { FetchNode, Position, RepresentationSelection } from '../planner/positions.ts';
import { isNullish, isObject, isOfType, type ResponseObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';

/** A required field that an object lacks. */
export interface MissingInput {
  readonly name: string;
  /** Of aliased keys, from the object. */
  readonly path: SubgraphPath;
  /** `undefined` if it could not be fetched. */
  readonly value: null | undefined;
}

/** Iterates over the fields that `@requires` selects and that are missing (`undefined`) or null in an object. */
export function* missingInputs(items: RepresentationSelection, object: ResponseObject): Generator<MissingInput> {
  for (const item of items) {
    if (item.kind === 'typeCondition') {
      if (isOfType(object, item.possible)) yield* missingInputs(item.nested, object);
      continue;
    }
    if (item.name === '__typename' || (item.isKey && !item.nested)) continue;
    const { name, subgraphKey: key, nested } = item;
    const value = object[key];
    if (isNullish(value)) yield { name, path: [key], value };
    else if (nested) yield* below(nested, value, [key]);
  }
}

function* below(items: RepresentationSelection, value: unknown, path: SubgraphPath): Generator<MissingInput> {
  if (isObject(value)) {
    for (const found of missingInputs(items, value)) yield { ...found, path: [...path, ...found.path] };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* below(items, item, [...path, index]);
  }
}

/** Returns the aliased keys from the root to a position. */
export function keyPathOf(position: Position): string[] {
  const keys: string[] = [];
  for (let { origin } = position; origin; { origin } = origin.parent) keys.unshift(origin.alias.key);
  return keys;
}

/** Returns the subgraphs that a plan reads the value at a path from. */
export function providersOf({ requests }: QueryPlan, path: SubgraphPath): string[] {
  const keys = path.filter((step) => typeof step === 'string');
  return requests.flatMap(({ root, lookups, subgraph }) => {
    const nodes = [...(root ? [root] : []), ...lookups.flatMap(({ targets }) => targets)];
    return nodes.some(({ position, node }) => reads(node, keys, keyPathOf(position))) ? [subgraph.name] : [];
  });
}

function reads(node: FetchNode, keys: readonly string[], base: readonly string[]): boolean {
  return base.every((key, i) => keys[i] === key) && readsBelow(node, keys.slice(base.length));
}

function readsBelow(node: FetchNode, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return false;
  if ([...node.typeConditions.values()].some((condition) => readsBelow(condition, [key, ...rest]))) return true;
  if (key === '__typename' && node.typename) return true;
  const field = node.fields.get(key);
  if (field === undefined) return false;
  return rest.length === 0 || (field.node !== undefined && readsBelow(field.node, rest));
}
