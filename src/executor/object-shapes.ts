import type { NotDeferred } from '../operation/deferred-fragments.ts';
import type { DroppedItem, DroppedItems } from '../operation/drop-fields.ts';
import type { OpField, OpSelection, OpTypeCondition } from '../operation/operation.ts';
import type { Placement, Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** One selection on the objects of one position; there are several where fragments select the same field. */
export interface SelectionPart {
  readonly position: Position;
  readonly selection: OpSelection;
}

/** The fields that are written for objects of one runtime type. */
export interface ObjectShape {
  readonly typeName: string;
  readonly fields: readonly ShapeField[];
}

/** A field to write. */
export interface ShapeField {
  readonly field: OpField;
  readonly subgraphKey: string;
  readonly below: readonly SelectionPart[];
  /** Whether it was never fetched: null is written whatever the object has. */
  readonly dropped: boolean;
  /** The subgraph that it is read from. */
  readonly service: string | undefined;
  /** The number of the set of deferred fragments that it is delivered with. */
  readonly fragments: number;
}

/** The number of everything outside deferred fragments. */
export const NOT_DEFERRED: NotDeferred = -1;

/** Which sets of deferred fragments count. */
export interface FragmentNumbers {
  /** Returns the set that counts in place of one. */
  effective(set: number): number;
  /** Returns the set for a field that is selected in both. */
  union(a: number, b: number): number;
}

/** Where nothing is deferred. */
const NONE: FragmentNumbers = { effective: () => NOT_DEFERRED, union: () => NOT_DEFERRED };

type DraftField = {
  field: OpField;
  subgraphKey: string;
  below: SelectionPart[];
  dropped: boolean;
  service: string | undefined;
  fragments: number;
};

/** Computes which fields are written for the objects of a runtime type. */
export class ObjectShapes {
  private readonly supergraph: Supergraph;
  private readonly dropped: DroppedItems | undefined;

  private readonly numbers: FragmentNumbers;

  /** @param dropped fields that are not fetched, by the selections that they were removed from */
  constructor(supergraph: Supergraph, dropped?: DroppedItems, numbers: FragmentNumbers = NONE) {
    this.supergraph = supergraph;
    this.dropped = dropped;
    this.numbers = numbers;
  }

  /** Returns the fields for a runtime type, in the order of their first appearance. */
  shape(parts: readonly SelectionPart[], typeName: string): ObjectShape {
    const fields = new Map<string, DraftField>();
    for (const part of parts) this.collect(part, part.selection, typeName, fields);
    return { typeName, fields: [...fields.values()] };
  }

  private collect(
    part: SelectionPart,
    selection: OpSelection,
    typeName: string,
    fields: Map<string, DraftField>,
  ): void {
    for (const { item, dropped } of this.shown(selection)) {
      if (item.kind === 'typeCondition') {
        if (this.supergraph.types.get(item.typeCondition)?.possible.has(typeName)) {
          this.collect(part, item.selection, typeName, fields);
        }
        continue;
      }
      const placed = this.placement(part.position, item, selection.parentType, typeName);
      const source = {
        field: item,
        subgraphKey: placed?.placement.alias.key ?? '',
        service: placed?.placement.node.fetch.subgraph.name,
        fragments: this.numbers.effective(item.fragments),
      };
      const known = fields.get(item.responseKey) ?? { ...source, below: [], dropped };
      if (known.fragments !== source.fragments) this.unite(known, source);
      // it may be dropped on one type but not on an interface around it
      known.dropped ||= dropped;
      fields.set(item.responseKey, known);
      const below = placed && part.position.below(placed.placement.alias, placed.owner);
      if (below && item.selection) known.below.push({ position: below, selection: item.selection });
    }
  }

  /** Makes a field that is selected in several sets one of their union; it is read where the union is fetched. */
  private unite(known: DraftField, source: Omit<DraftField, 'below' | 'dropped'>): void {
    const fragments = this.numbers.union(known.fragments, source.fragments);
    if (fragments === source.fragments) Object.assign(known, source);
    else known.fragments = fragments;
  }

  /** Iterates over the items of a selection, including dropped fields in their places. */
  private *shown(selection: OpSelection): Iterable<{ item: OpField | OpTypeCondition; dropped: boolean }> {
    const removed = this.dropped?.get(selection) ?? [];
    let next = 0;
    for (const [index, item] of selection.items.entries()) {
      for (; removed[next]?.before === index; next++)
        yield { item: (removed[next] as DroppedItem).field, dropped: true };
      yield { item, dropped: false };
    }
    for (const { field } of removed.slice(next)) yield { item: field, dropped: true };
  }

  private placement(
    position: Position,
    field: OpField,
    owner: string,
    typeName: string,
  ): { owner: string; placement: Placement } | undefined {
    const placements = position.placed.get(field);
    if (!placements) return undefined;
    for (const name of [owner, typeName]) {
      const placement = placements.get(name);
      if (placement) return { owner: name, placement };
    }
    for (const [name, placement] of placements) {
      if (this.supergraph.types.get(name)?.possible.has(typeName)) return { owner: name, placement };
    }
    return undefined;
  }
}

/** Returns whether the fields of a selection part differ by the runtime type of the object. */
export function dependsOnType({ position, selection }: SelectionPart, staticType: string): boolean {
  return selection.items.some(
    (item) =>
      item.kind === 'typeCondition' ||
      item.name === '__typename' ||
      [...(position.placed.get(item)?.keys() ?? [])].some((owner) => owner !== staticType),
  );
}
