import type { DroppedItems } from './drop-fields.ts';
import type { Operation, OpField, OpSelection } from './operation.ts';

/**
 * A part of a result that the rest does not depend on: it may be late or fail, and is null then, whatever its type.
 * Null propagates from inside it up to its boundary, and no further. In a single result, the part is missing when its
 * deadline has passed; in a streamed one, it is a payload of its own after the first. A section of an endpoint is one.
 */
export interface DeferGroup {
  /** Response keys from the root: `["user", "reviews"]`. */
  readonly path: readonly string[];
  /**
   * The deadline: how long the rest waits for it, in milliseconds from the start of the execution; `Infinity` means
   * until it is complete.
   */
  readonly timeoutMs: number;
}

/** The defer groups of one operation. */
export interface DeferGroups {
  /** Equal for two lists with the same paths: they share a plan. */
  readonly key: string;
  readonly list: readonly DeferGroup[];
  /** Called with the number of a group when all its requests are done. */
  readonly onDone?: ((group: number) => void) | undefined;
}

/** The fields that defer groups consist of, with the number of their group. */
export type DeferredFields = ReadonlyMap<OpField, number>;

/**
 * Returns whether a field is in another defer group than the objects that it is selected on: it may come after them.
 * @param group that of the objects
 */
export function isApart(deferred: DeferredFields, field: OpField, group: number | undefined): boolean {
  const own = deferred.get(field);
  return own !== undefined && own !== group;
}

/** Returns the groups; `undefined` for an empty list, so that callers need no check of its length. */
export function deferGroups(list: readonly DeferGroup[]): DeferGroups | undefined {
  if (list.length === 0) return undefined;
  return { key: JSON.stringify(list.map(({ path }) => path)), list };
}

/**
 * Finds the fields of defer groups in an operation. A group that `@skip` removed has none.
 *
 * In:  `{ user { name reviews { body } } }` and `[["user", "reviews"]]`
 * Out: the field `reviews` → 0
 *
 * @param dropped fields that a policy has removed from the operation; they belong to their groups, too
 */
export function findDeferredFields(
  { selection }: Operation,
  groups: DeferGroups,
  dropped?: DroppedItems,
): DeferredFields {
  const fields = new Map<OpField, number>();
  for (const [group, { path }] of groups.list.entries())
    for (const field of fieldsAt(selection, path, dropped)) fields.set(field, group);
  return fields;
}

function fieldsAt(selection: OpSelection, path: readonly string[], dropped: DroppedItems | undefined): OpField[] {
  const [key, ...rest] = path;
  const removed = dropped?.get(selection)?.map(({ field }) => field) ?? [];
  return [...selection.items, ...removed].flatMap((item) => {
    if (item.kind === 'typeCondition') return fieldsAt(item.selection, path, dropped);
    if (item.responseKey !== key) return [];
    if (rest.length === 0) return [item];
    return item.selection === undefined ? [] : fieldsAt(item.selection, rest, dropped);
  });
}
