import type { FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';

/** Fragments in an order in which each comes after those that it spreads; or the names of a cycle. */
export type FragmentOrder =
  | { readonly order: readonly FragmentDefinitionNode[]; readonly cycle: undefined }
  | { readonly cycle: readonly string[] };

/** A fragment on the current path, and its spreads that are still to be followed. */
interface Visit {
  readonly fragment: FragmentDefinitionNode;
  readonly spreads: string[];
}

/**
 * Orders fragments without recursion, so that a chain of ten thousand fragments does not overflow the stack.
 *
 * In:  `fragment A on T { ...B } fragment B on T { id }`
 * Out: `[B, A]`
 */
export function orderFragments(fragments: ReadonlyMap<string, FragmentDefinitionNode>): FragmentOrder {
  const order: FragmentDefinitionNode[] = [];
  const done = new Set<string>();
  const open = new Set<string>();
  const path: Visit[] = [];
  const enter = (fragment: FragmentDefinitionNode): void => {
    open.add(fragment.name.value);
    path.push({ fragment, spreads: spreadsIn(fragment.selectionSet) });
  };
  for (const [first, fragment] of fragments) {
    if (!done.has(first)) enter(fragment);
    for (let visit = path.at(-1); visit; visit = path.at(-1)) {
      const spread = visit.spreads.pop();
      if (spread === undefined) {
        const { value: name } = visit.fragment.name;
        order.push(visit.fragment);
        done.add(name);
        open.delete(name);
        path.pop();
      } else if (open.has(spread)) {
        const names = [...open];
        return { cycle: [...names.slice(names.indexOf(spread)), spread] };
      } else if (!done.has(spread)) {
        const next = fragments.get(spread);
        if (next) enter(next);
      }
    }
  }
  return { order, cycle: undefined };
}

/** Returns the names of the fragments that a selection set spreads, at any depth. */
function spreadsIn(set: SelectionSetNode): string[] {
  const names = new Set<string>();
  const sets = [set];
  for (let next = sets.pop(); next; next = sets.pop()) {
    for (const selection of next.selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) names.add(selection.name.value);
      else if (selection.selectionSet) sets.push(selection.selectionSet);
    }
  }
  return [...names];
}
