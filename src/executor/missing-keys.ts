import { Kind, type TypeNode } from 'graphql';
import type { DeferredFields } from '../operation/defer-groups.ts';
import type { LookupTarget } from '../planner/plan.ts';
import type { FetchNode } from '../planner/positions.ts';
import type { CompiledLookup, CompiledRequest } from './compile.ts';
import type { SubgraphPath } from './response-objects.ts';
import { fieldKeys } from './written-keys.ts';

/**
 * Returns the keys at which the failure of a root request is reported. What only defer groups need is reported at their fields: the
 * fields around these come from other requests as well.
 *
 * In:  `{ user { home { street } } }`, where `street` is deferred
 * Out: `[["user", "home", "street"]]`
 */
export function missingRootKeys(
  { planned, rootKeys }: CompiledRequest,
  deferred: DeferredFields | undefined,
): readonly SubgraphPath[] {
  const own = planned.root && keysOfGroups(planned.root.node, planned.groups, deferred);
  return own ?? rootKeys.map(({ key }) => [key]);
}

/** Returns the same for the look-up of objects at one of its targets. */
export function missingKeys(
  { planned }: CompiledRequest,
  lookup: CompiledLookup,
  { node }: LookupTarget,
  deferred: DeferredFields | undefined,
): readonly SubgraphPath[] {
  return keysOfGroups(node, planned.groups, deferred) ?? fieldKeys(lookup);
}

/**
 * Returns the outermost fields of some groups below a node; `undefined` where there are none. Those of the items of a list are reported
 * at the list.
 */
function keysOfGroups(
  node: FetchNode,
  groups: readonly number[] | undefined,
  deferred: DeferredFields | undefined,
): readonly SubgraphPath[] | undefined {
  if (groups === undefined || deferred === undefined) return undefined;
  const found = new Map<string, SubgraphPath>();
  const visit = (at: FetchNode, path: SubgraphPath): void => {
    const own = ownKeys(at, groups, deferred);
    for (const [key, field] of at.fields) {
      const below = [...path, key];
      if (own.has(key) || (field.node && isList(field.type) && hasOwn(field.node, groups, deferred)))
        found.set(below.join('\n'), below);
      else if (field.node && !isList(field.type)) visit(field.node, below);
    }
    for (const typeCondition of at.typeConditions.values()) visit(typeCondition, path);
  };
  visit(node, []);
  return found.size > 0 ? [...found.values()] : undefined;
}

/** Returns whether a node, or one below it, reads fields of some groups. */
function hasOwn(node: FetchNode, groups: readonly number[], deferred: DeferredFields): boolean {
  const own = ownKeys(node, groups, deferred);
  for (const [key, { node: below }] of node.fields)
    if (own.has(key) || (below && hasOwn(below, groups, deferred))) return true;
  return [...node.typeConditions.values()].some((typeCondition) => hasOwn(typeCondition, groups, deferred));
}

/** Returns the keys under which a node reads fields of some groups. */
function ownKeys({ position }: FetchNode, groups: readonly number[], deferred: DeferredFields): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const [field, placements] of position.placed) {
    const group = deferred.get(field);
    if (group === undefined || !groups.includes(group)) continue;
    for (const [, placement] of placements)
      for (const { alias } of [placement, ...(placement.others ?? [])]) keys.add(alias.key);
  }
  return keys;
}

function isList(type: TypeNode): boolean {
  return type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && isList(type.type));
}
