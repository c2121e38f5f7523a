import type { Operation, OpField, OpSelection } from './operation.ts';

/**
 * A part of a result that the rest does not depend on: it may be late or fail, and is null then, whatever its type.
 */
export interface TimedSection {
  /** Response keys from the root: `["user", "reviews"]`. */
  readonly path: readonly string[];
  /**
   * How long the rest waits for it, in milliseconds from the start of the execution; `Infinity` means until it is
   * complete.
   */
  readonly timeoutMs: number;
}

/** The sections of one operation. */
export interface TimedSections {
  /** Equal for two lists with the same paths: they share a plan. */
  readonly key: string;
  readonly list: readonly TimedSection[];
  /** Called with the number of a section when all its requests are done. */
  readonly onDone?: ((section: number) => void) | undefined;
}

/** The fields that sections consist of, with the number of their section. */
export type SectionFields = ReadonlyMap<OpField, number>;

/** Returns the sections; `undefined` for an empty list, so that callers need no check of its length. */
export function timedSections(list: readonly TimedSection[]): TimedSections | undefined {
  if (list.length === 0) return undefined;
  return { key: JSON.stringify(list.map(({ path }) => path)), list };
}

/**
 * Finds the fields of sections in an operation. A section that `@skip` or a policy removed has none.
 *
 * In:  `{ user { name reviews { body } } }` and `[["user", "reviews"]]`
 * Out: the field `reviews` → 0
 */
export function findSectionFields({ selection }: Operation, sections: TimedSections): SectionFields {
  const fields = new Map<OpField, number>();
  for (const [index, { path }] of sections.list.entries())
    for (const field of fieldsAt(selection, path)) fields.set(field, index);
  return fields;
}

function fieldsAt(selection: OpSelection, [key, ...rest]: readonly string[]): OpField[] {
  return selection.items.flatMap((item) => {
    if (item.kind === 'typeCondition') return fieldsAt(item.selection, [key as string, ...rest]);
    if (item.responseKey !== key) return [];
    if (rest.length === 0) return [item];
    return item.selection === undefined ? [] : fieldsAt(item.selection, rest);
  });
}
