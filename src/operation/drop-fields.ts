import type { Operation, OpField, OpSelection, OpTypeCondition } from './operation.ts';

/** A dropped field and its place: before the item with this index in the remaining selection. */
export interface DroppedItem {
  readonly field: OpField;
  readonly before: number;
}

/** Dropped fields by the remaining selection that they were removed from. */
export type DroppedItems = ReadonlyMap<OpSelection, readonly DroppedItem[]>;

/**
 * Removes fields from an operation. Selections around them stay, even empty ones: their objects are part of the
 * result.
 *
 * In:  `{ me { id secret } }` and `secret`
 * Out: `{ me { id } }`, and for the selection `{ id }`: `secret` before item 1
 *
 * @param fields objects of the operation itself
 */
export function dropFields(
  operation: Operation,
  fields: ReadonlySet<OpField>,
): { operation: Operation; dropped: DroppedItems } {
  const dropped = new Map<OpSelection, DroppedItem[]>();

  function select(selection: OpSelection): OpSelection {
    const items: (OpField | OpTypeCondition)[] = [];
    const removed: DroppedItem[] = [];
    let changed = false;
    for (const item of selection.items) {
      if (item.kind === 'field' && fields.has(item)) {
        removed.push({ field: item, before: items.length });
        continue;
      }
      const below = item.selection && select(item.selection);
      changed ||= below !== item.selection;
      items.push(below === item.selection ? item : ({ ...item, selection: below } as OpField | OpTypeCondition));
    }
    if (!changed && removed.length === 0) return selection;
    const left = { parentType: selection.parentType, items };
    if (removed.length > 0) dropped.set(left, removed);
    return left;
  }

  return { operation: { ...operation, selection: select(operation.selection) }, dropped };
}
