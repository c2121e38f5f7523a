import { Kind, type TypeNode } from 'graphql';
import type { OpField, OpSelection } from '../operation/operation.ts';
import type { FieldIndex } from './field-index.ts';
import {
  allPlacements,
  type Fetch,
  type Placement,
  type Position,
  type RepresentationItem,
  type RepresentationSelection,
} from './positions.ts';
import { SmallMap } from './small-map.ts';

/** Fields that have been placed as inputs of a look-up: how they are written, and which fetches return them. */
export interface Inputs {
  readonly fields: RepresentationSelection;
  readonly dependsOn: ReadonlySet<Fetch>;
}

/**
 * Describes how a key or a `@requires` field set is written into a representation, once its fields have been placed.
 *
 * In:  `price dimensions { size }`, both read from `products` under the keys `price` and `dimensions_1`
 * Out: `{ price ← price, dimensions ← dimensions_1 { size ← size } }`, depends on that fetch
 */
export function describeInputs(fieldIndex: FieldIndex, position: Position, selection: OpSelection): Inputs {
  const dependsOn = new Set<Fetch>();
  return { fields: describe(fieldIndex, position, selection, dependsOn), dependsOn };
}

function describe(
  fieldIndex: FieldIndex,
  position: Position,
  selection: OpSelection,
  dependsOn: Set<Fetch>,
): RepresentationItem[] {
  const items: RepresentationItem[] = [];
  for (const item of selection.items) {
    if (item.kind === 'typeCondition') {
      const nested = describe(fieldIndex, position, item.selection, dependsOn);
      if (nested.length > 0)
        items.push({ kind: 'typeCondition', possible: fieldIndex.possible(item.typeCondition), nested });
      for (const node of position.nodes) if (node.typename) dependsOn.add(node.fetch);
    } else if (item.name === '__typename') {
      items.push({ kind: 'field', name: '__typename', subgraphKey: '__typename', isKey: false, nested: undefined });
      for (const node of position.nodes) if (node.typename) dependsOn.add(node.fetch);
    } else {
      items.push(...describeField(fieldIndex, position, selection.parentType, item, dependsOn));
    }
  }
  return items;
}

/**
 * Describes a nested selection. Objects with type conditions include their `__typename`, so that the subgraph can
 * distinguish them as well.
 */
function describeBelow(
  fieldIndex: FieldIndex,
  position: Position,
  selection: OpSelection,
  dependsOn: Set<Fetch>,
): RepresentationItem[] {
  const items = describe(fieldIndex, position, selection, dependsOn);
  const named = items.some((item) => item.kind === 'field' && item.name === '__typename');
  if (named || !items.some((item) => item.kind === 'typeCondition')) return items;
  return [{ kind: 'field', name: '__typename', subgraphKey: '__typename', isKey: false, nested: undefined }, ...items];
}

function describeField(
  fieldIndex: FieldIndex,
  position: Position,
  owner: string,
  field: OpField,
  dependsOn: Set<Fetch>,
): RepresentationItem[] {
  const placements = position.placed.get(field) ?? new SmallMap<string, Placement>();
  const describeAt = (type: string, placement: Placement): RepresentationItem => {
    const { alias, node } = placement;
    for (const one of allPlacements(placement)) dependsOn.add(one.node.fetch);
    const below = position.below(alias, type);
    const nested = field.selection && below ? describeBelow(fieldIndex, below, field.selection, dependsOn) : undefined;
    const lists = listDepth(node.fields.get(alias.key)?.type);
    return { kind: 'field', name: field.name, subgraphKey: alias.key, isKey: false, nested, lists };
  };
  const whole = placements.get(owner);
  if (whole) return [describeAt(owner, whole)];
  return [...placements].map(([type, placement]) => ({
    kind: 'typeCondition',
    possible: fieldIndex.possible(type),
    nested: [describeAt(type, placement)],
  }));
}

function listDepth(type: TypeNode | undefined): number | undefined {
  if (type === undefined || type.kind === Kind.NAMED_TYPE) return type && 0;
  const inner = listDepth(type.type) ?? 0;
  return type.kind === Kind.LIST_TYPE ? inner + 1 : inner;
}

/** Marks described fields as parts of a key. */
export function markAsKey(items: RepresentationSelection): RepresentationItem[] {
  return items.map((item) =>
    item.kind === 'field'
      ? { ...item, isKey: true, nested: item.nested && markAsKey(item.nested) }
      : { ...item, nested: markAsKey(item.nested) },
  );
}

/**
 * Merges two descriptions, each name once: a key `order { id }` and a requirement `order { placedAt }` become one
 * object.
 */
export function mergeItems(a: RepresentationSelection, b: RepresentationSelection): RepresentationItem[] {
  const merged = [...a];
  const described = new Set(a.map(itemText));
  for (const item of b) {
    const index = merged.findIndex(
      (other) => item.kind === 'field' && other.kind === 'field' && other.name === item.name,
    );
    const other = merged[index];
    if (item.kind === 'field' && other?.kind === 'field') {
      const nested = other.nested && item.nested ? mergeItems(other.nested, item.nested) : other.nested;
      merged[index] = { ...other, isKey: other.isKey || item.isKey, nested };
    } else if (!described.has(itemText(item))) {
      merged.push(item);
    }
  }
  return merged;
}

/** Returns whether two descriptions can be merged: the same name must not be written from two different fields. */
export function canMergeItems(a: RepresentationSelection, b: RepresentationSelection): boolean {
  return a.every((item) => b.every((other) => itemsAgree(item, other)));
}

function itemsAgree(a: RepresentationItem, b: RepresentationItem): boolean {
  if (a.kind === 'typeCondition') return canMergeItems(a.nested, b.kind === 'typeCondition' ? b.nested : [b]);
  if (b.kind === 'typeCondition') return canMergeItems([a], b.nested);
  return a.name !== b.name || (a.subgraphKey === b.subgraphKey && canMergeItems(a.nested ?? [], b.nested ?? []));
}

/** Returns a text that is equal for two descriptions exactly if they are written in the same way. */
export function itemText(item: RepresentationItem): string {
  if (item.kind === 'typeCondition') return `...${[...item.possible].join('|')}{${item.nested.map(itemText).join()}}`;
  return `${item.name}${item.isKey ? '!' : ''}<${item.subgraphKey}${item.nested ? `{${item.nested.map(itemText).join()}}` : ''}`;
}
