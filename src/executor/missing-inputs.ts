import type { QueryPlan } from '../planner/plan.ts';
import type { FetchNode, Position, RepresentationSelection } from '../planner/positions.ts';
import { isObject, isOfType, type ResponseObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';

/** A required field that an object lacks. */
export interface MissingInput {
  readonly name: string;
  /** Of aliased keys, from the object. */
  readonly path: SubgraphPath;
}

/** Finds the first field that `@requires` selects and that could not be fetched: null counts as fetched. */
export function findMissingInput(items: RepresentationSelection, object: ResponseObject): MissingInput | undefined {
  for (const item of items) {
    if (item.kind === 'typeCondition') {
      const found = isOfType(object, item.possible) ? findMissingInput(item.nested, object) : undefined;
      if (found) return found;
      continue;
    }
    if (item.name === '__typename' || (item.isKey && !item.nested)) continue;
    const { name, subgraphKey: key } = item;
    const value = object[key];
    if (value === undefined) return { name, path: [key] };
    const below = item.nested && findBelow(item.nested, value);
    if (below) return { name: below.name, path: [key, ...below.path] };
  }
  return undefined;
}

function findBelow(items: RepresentationSelection, value: unknown): MissingInput | undefined {
  if (isObject(value)) return findMissingInput(items, value);
  if (!Array.isArray(value)) return undefined;
  for (const [index, item] of value.entries()) {
    const found = findBelow(items, item);
    if (found) return { name: found.name, path: [index, ...found.path] };
  }
  return undefined;
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
