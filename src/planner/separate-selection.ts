import type { TypeNode } from 'graphql';
import { Kind } from 'graphql';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { FieldIndex } from './field-index.ts';
import type { FetchNode } from './positions.ts';
import { readableField, type SubgraphScope, scopeBelow, scopeOf } from './subgraph-scope.ts';

/**
 * Returns whether an input has to be read separately from what the client selects under the same name. A non-null
 * field that fails makes the object around it null, also for other readers of that object: a requirement would be
 * null where, requested alone, there is an object.
 *
 * In:  the client's `size { unit! }`, and `size { height }` as an input of another field, `size` being nullable
 * Out: true; `size` is requested a second time, in the same request, under another key
 */
export function needsSeparateSelection(
  fieldIndex: FieldIndex,
  node: FetchNode,
  owner: string,
  input: OpField,
): boolean {
  const at = scopeOf(node);
  const resolvedBy = input.selection && readableField(fieldIndex, at, owner, input.name);
  const below = resolvedBy && isNullable(resolvedBy.type) ? scopeBelow(at, resolvedBy) : undefined;
  if (!input.selection || !below) return false;
  for (const [field, placements] of node.position.placed) {
    if (field === input || field.name !== input.name || field.argsKey !== input.argsKey || !field.selection) continue;
    const shared = [...placements.values()].some(
      (placed) => placed.node.fetch === node.fetch && placed.alias.key === input.responseKey,
    );
    if (shared && canNullify(fieldIndex, below, field.selection, input.selection)) return true;
  }
  return false;
}

/** Returns whether a field that only the client selects could make null what the input reads. */
function canNullify(fieldIndex: FieldIndex, at: SubgraphScope, client: OpSelection, input: OpSelection): boolean {
  return client.items.some((item) => {
    if (item.kind === 'typeCondition') return canNullify(fieldIndex, at, item.selection, input);
    const own = item.name === '__typename' ? undefined : readableField(fieldIndex, at, client.parentType, item.name);
    if (!own) return false;
    const same = findField(input, item);
    if (!same) return own.type.kind === Kind.NON_NULL_TYPE && !isKey(at, item.name);
    const below = item.selection && same.selection ? scopeBelow(at, own) : undefined;
    return (
      below !== undefined && canNullify(fieldIndex, below, item.selection as OpSelection, same.selection as OpSelection)
    );
  });
}

/** Returns the field of an input with the same name and arguments, in any fragment. */
function findField(input: OpSelection, wanted: Pick<OpField, 'name' | 'argsKey'>): OpField | undefined {
  for (const item of input.items) {
    if (item.kind === 'field' && item.name === wanted.name && item.argsKey === wanted.argsKey) return item;
    const nested = item.kind === 'typeCondition' ? findField(item.selection, wanted) : undefined;
    if (nested) return nested;
  }
  return undefined;
}

/** Returns whether a field is part of a key: the object was found by it, so it does not fail. */
function isKey({ type }: SubgraphScope, name: string): boolean {
  return type.keys.some(({ fields }) =>
    fields.selections.some((selection) => selection.kind === Kind.FIELD && selection.name.value === name),
  );
}

/** Returns whether null can occur within a type without the whole value being null. */
function isNullable(type: TypeNode): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return type.type.kind === Kind.LIST_TYPE && isNullable(type.type.type);
  return true;
}
