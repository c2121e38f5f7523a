import { Kind, type SelectionSetNode } from 'graphql';
import type { OpSelection } from '../operation/operation.ts';
import type { Subgraph, SubgraphField, SubgraphType } from '../supergraph/supergraph.ts';
import { type Abilities, isProvided, needsOwnLookup, providedBelow, providedOn } from './field-index.ts';
import type { FetchNode } from './positions.ts';

/** Objects as one subgraph returns them on one path. */
export interface Standpoint {
  readonly subgraph: Subgraph;
  readonly type: SubgraphType;
  readonly provided: readonly SelectionSetNode[];
}

export function standpointOf(node: FetchNode): Standpoint {
  return { subgraph: node.fetch.subgraph, type: node.type, provided: node.provided };
}

const TYPENAME: SubgraphField = {
  name: '__typename',
  type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'String' } },
  namedType: 'String',
  external: false,
  requires: undefined,
  provides: undefined,
  overrideLabel: undefined,
  contextArguments: [],
};

/**
 * The field that a subgraph would resolve if it were selected on `owner` among the objects at a standpoint;
 * `undefined` where it cannot, or where it could for some of the objects only.
 */
export function readableField(
  abilities: Abilities,
  at: Standpoint,
  owner: string,
  name: string,
): SubgraphField | undefined {
  const { subgraph, type } = at;
  if (name === '__typename') return type.kind === 'interfaceObject' ? undefined : TYPENAME;
  if (type.kind === 'interfaceObject') {
    return owner === type.name || abilities.possible(type.name).has(owner)
      ? ownField(abilities, at, type, name)
      : undefined;
  }
  if (type.kind === 'object') {
    return owner === type.name || abilities.possible(owner).has(type.name)
      ? ownField(abilities, at, type, name)
      : undefined;
  }
  const ownerType = subgraph.types.get(owner);
  if (!ownerType) return undefined;
  if (ownerType.kind === 'object') {
    return type.possible.has(owner) ? ownField(abilities, at, ownerType, name) : undefined;
  }
  const field = ownerType.fields.get(name);
  if (!field) return undefined;
  if (isProvided(providedOn(at.provided, owner), name)) return field;
  return abilities.coversAbstract(subgraph, type, ownerType, name) ? field : undefined;
}

function ownField(abilities: Abilities, at: Standpoint, type: SubgraphType, name: string): SubgraphField | undefined {
  const field = type.fields.get(name);
  if (!field || needsOwnLookup(field) || !abilities.isOn(field)) return undefined;
  return field.external && !isProvided(providedOn(at.provided, type.name), name) ? undefined : field;
}

/** Whether everything selected can be read at a standpoint without asking anyone else. */
export function canReadAll(abilities: Abilities, at: Standpoint, selection: OpSelection): boolean {
  return selection.items.every((item) => {
    if (item.kind === 'narrowing') {
      return !overlaps(abilities, at.type, item.typeCondition) || canReadAll(abilities, at, item.selection);
    }
    const field = readableField(abilities, at, selection.parentType, item.name);
    if (!field) return false;
    if (!item.selection) return true;
    const below = standBelow(at, field);
    return below !== undefined && canReadAll(abilities, below, item.selection);
  });
}

/** Where one stands after following a field. */
export function standBelow(at: Standpoint, field: SubgraphField): Standpoint | undefined {
  const type = at.subgraph.types.get(field.namedType);
  if (!type) return undefined;
  const provided = providedBelow(providedOn(at.provided, at.type.name), field.name);
  if (field.provides) provided.push(field.provides);
  return { subgraph: at.subgraph, type, provided };
}

/** Whether objects at a type of a subgraph can be of a type of the supergraph at all. */
export function overlaps(abilities: Abilities, type: SubgraphType, condition: string): boolean {
  const possible = abilities.possible(condition);
  const here = type.kind === 'interfaceObject' ? abilities.possible(type.name) : type.possible;
  for (const name of here) if (possible.has(name)) return true;
  return false;
}
