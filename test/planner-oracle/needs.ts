import { Kind, type SelectionSetNode } from 'graphql';
import type { OpSelection } from '../../src/operation/operation.ts';
import type { Supergraph } from '../../src/supergraph/supergraph.ts';

/** Objects at one place of the response, and every field of theirs that a plan may have a use for. */
export interface Need {
  readonly type: string;
  readonly fields: Map<string, NeededField>;
}

export interface NeededField {
  readonly id: number;
  readonly name: string;
  readonly below: Need | undefined;
}

/** All that may be read for an operation; `goals` are the ids of what the client selected. */
export interface Needs {
  readonly root: Need;
  readonly goals: ReadonlySet<number>;
  /** Every need but the root, parents first. */
  readonly places: readonly Need[];
}

/** The operation's fields, and with them all keys of the types on the way and all inputs of fields that require some. */
export function needsOf(selection: OpSelection, supergraph: Supergraph): Needs {
  const root: Need = { type: selection.parentType, fields: new Map() };
  const places: Need[] = [];
  const goals = new Set<number>();
  let ids = 0;

  function field(need: Need, key: string, name: string): NeededField {
    const known = need.fields.get(key);
    if (known) return known;
    const type = supergraph.types.get(need.type)?.fields.get(name)?.namedType ?? '';
    const below = supergraph.types.get(type)?.kind === 'object' ? newPlace(type) : undefined;
    const added = { id: ids++, name, below };
    need.fields.set(key, added);
    for (const { types } of supergraph.subgraphs) addSet(need, types.get(need.type)?.fields.get(name)?.requires);
    return added;
  }

  function newPlace(type: string): Need {
    const place: Need = { type, fields: new Map() };
    places.push(place);
    for (const { types } of supergraph.subgraphs)
      for (const key of types.get(type)?.keys ?? []) addSet(place, key.fields);
    return place;
  }

  function addSet(need: Need, set: SelectionSetNode | undefined): void {
    for (const node of set?.selections ?? []) {
      if (node.kind !== Kind.FIELD || node.name.value === '__typename') continue;
      const added = field(need, node.name.value, node.name.value);
      if (added.below) addSet(added.below, node.selectionSet);
    }
  }

  function addSelection(need: Need, { items }: OpSelection): void {
    for (const item of items) {
      if (item.kind !== 'field' || item.name === '__typename') continue;
      const added = field(need, item.argsKey ? `${item.name}(${item.argsKey})` : item.name, item.name);
      goals.add(added.id);
      if (item.selection && added.below) addSelection(added.below, item.selection);
    }
  }

  addSelection(root, selection);
  return { root, goals, places };
}
