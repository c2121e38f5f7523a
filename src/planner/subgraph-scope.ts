import { Kind, type SelectionSetNode } from 'graphql';
import type { OpSelection } from '../operation/operation.ts';
import type { Subgraph, SubgraphField, SubgraphType } from '../supergraph/supergraph.ts';
import { type FieldIndex, isProvided, needsOwnLookup, providedBelow, providedOn } from './field-index.ts';
import type { FetchNode } from './positions.ts';

/** The objects that one subgraph returns on one path. */
export interface SubgraphScope {
  readonly subgraph: Subgraph;
  readonly type: SubgraphType;
  readonly provided: readonly SelectionSetNode[];
}

export function scopeOf(node: FetchNode): SubgraphScope {
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
 * Returns the field that a subgraph would resolve if it were selected on `owner` among the objects of a scope;
 * `undefined` where it cannot, or only for some of the objects.
 */
export function readableField(
  fieldIndex: FieldIndex,
  at: SubgraphScope,
  owner: string,
  name: string,
): SubgraphField | undefined {
  const { subgraph, type } = at;
  if (name === '__typename') return type.kind === 'interfaceObject' ? undefined : TYPENAME;
  if (type.kind === 'interfaceObject') {
    return owner === type.name || fieldIndex.possible(type.name).has(owner)
      ? ownField(fieldIndex, at, type, name)
      : undefined;
  }
  if (type.kind === 'object') {
    return owner === type.name || fieldIndex.possible(owner).has(type.name)
      ? ownField(fieldIndex, at, type, name)
      : undefined;
  }
  const ownerType = subgraph.types.get(owner);
  if (!ownerType) return undefined;
  if (ownerType.kind === 'object') {
    return type.possible.has(owner) ? ownField(fieldIndex, at, ownerType, name) : undefined;
  }
  const field = ownerType.fields.get(name);
  if (!field) return undefined;
  if (isProvided(providedOn(at.provided, owner), name)) return field;
  return fieldIndex.coversAbstract(subgraph, type, ownerType, name) ? field : undefined;
}

function ownField(
  fieldIndex: FieldIndex,
  at: SubgraphScope,
  type: SubgraphType,
  name: string,
): SubgraphField | undefined {
  const field = type.fields.get(name);
  if (!field || needsOwnLookup(field) || !fieldIndex.isOn(field)) return undefined;
  return field.external && !isProvided(providedOn(at.provided, type.name), name) ? undefined : field;
}

/** Returns whether everything selected can be read in a scope without another subgraph. */
export function canReadAll(fieldIndex: FieldIndex, at: SubgraphScope, selection: OpSelection): boolean {
  return selection.items.every((item) => {
    if (item.kind === 'typeCondition') {
      return !overlaps(fieldIndex, at.type, item.typeCondition) || canReadAll(fieldIndex, at, item.selection);
    }
    const field = readableField(fieldIndex, at, selection.parentType, item.name);
    if (!field) return false;
    if (!item.selection) return true;
    const below = scopeBelow(at, field);
    return below !== undefined && canReadAll(fieldIndex, below, item.selection);
  });
}

/**
 * Returns whether a field is part of a key of all objects of a type in a subgraph, and no object itself: reading it costs nothing.
 * @param type the type in that subgraph
 */
export function isKeyField(subgraph: Subgraph, { keys, kind, possible }: SubgraphType, name: string): boolean {
  const isPart = keys.some(({ fields: { selections } }) =>
    selections.some((one) => one.kind === Kind.FIELD && one.name.value === name && !one.selectionSet),
  );
  if (isPart || (kind !== 'interface' && kind !== 'union')) return isPart;
  const types = [...possible].map((one) => subgraph.types.get(one));
  return types.length > 0 && types.every((one) => one !== undefined && isKeyField(subgraph, one, name));
}

/** Returns the scope of a field's value. */
export function scopeBelow(at: SubgraphScope, field: SubgraphField): SubgraphScope | undefined {
  const type = at.subgraph.types.get(field.namedType);
  if (!type) return undefined;
  const provided = providedBelow(providedOn(at.provided, at.type.name), field.name);
  if (field.provides) provided.push(field.provides);
  return { subgraph: at.subgraph, type, provided };
}

/** Returns whether objects of a type in a subgraph can be of a type in the supergraph. */
export function overlaps(fieldIndex: FieldIndex, type: SubgraphType, condition: string): boolean {
  const possible = fieldIndex.possible(condition);
  const here = type.kind === 'interfaceObject' ? fieldIndex.possible(type.name) : type.possible;
  for (const name of here) if (possible.has(name)) return true;
  return false;
}
