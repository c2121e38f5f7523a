import { type DirectiveNode, type DocumentNode, Kind, visit } from 'graphql';
import type { Operation, OpField, OpSelection } from './operation.ts';
import { argumentOf, isActive } from './streamed-lists.ts';

/** A fragment with `@defer` that is active: a part of the result that may come after the rest. */
export interface DeferredFragment {
  readonly id: number;
  readonly label: string | undefined;
  /** The deferred fragment around it. */
  readonly parent: DeferredFragment | undefined;
  /** How many fields are above it: 1 for a fragment in a root field. */
  readonly depth: number;
  /** The node of the document. A fragment that is spread in several deferred fragments has one with each of them as its parent. */
  readonly node: object;
}

/** The number of everything outside deferred fragments. */
export const NOT_DEFERRED = -1;

export type NotDeferred = typeof NOT_DEFERRED;

/**
 * The sets of deferred fragments that fields of one operation belong to, by number. A field that several fragments select belongs
 * to all of them, and is delivered once, with the first one.
 */
export class FragmentSets {
  private readonly sets: (readonly DeferredFragment[])[] = [];
  private readonly numbers = new Map<string, number>();

  /** How many sets there are. */
  get size(): number {
    return this.sets.length;
  }

  /** Returns the fragments of a set; none for {@link NOT_DEFERRED}. */
  of(number: number): readonly DeferredFragment[] {
    return this.sets[number] ?? [];
  }

  /**
   * Returns the number of a set. A fragment within another one of the set is left out, because that one comes before it.
   * @param fragments `undefined` stands for a selection outside deferred fragments, which makes the field one of the rest
   */
  numberOf(fragments: readonly (DeferredFragment | undefined)[]): number {
    const all = new Set(fragments);
    if (all.size === 0 || all.has(undefined)) return NOT_DEFERRED;
    const outermost = [...(all as Set<DeferredFragment>)].filter(({ parent }) => !isWithin(parent, all));
    outermost.sort((a, b) => a.id - b.id);
    const key = outermost.map(({ id }) => id).join();
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, this.sets.length);
    return this.sets.push(outermost) - 1;
  }

  /** Returns whether each fragment of a set is one of another set, or within one of them: it comes with or after that set. */
  waitsFor(set: number, other: number): boolean {
    const others = new Set<DeferredFragment | undefined>(this.of(other));
    return this.of(set).every((fragment) => isWithin(fragment, others));
  }

  /** Returns the number of the set for a field that is selected in both. */
  union(a: number, b: number): number {
    if (a === b) return a;
    return a === NOT_DEFERRED || b === NOT_DEFERRED ? NOT_DEFERRED : this.numberOf([...this.of(a), ...this.of(b)]);
  }
}

function isWithin(fragment: DeferredFragment | undefined, all: ReadonlySet<DeferredFragment | undefined>): boolean {
  return fragment !== undefined && (all.has(fragment) || isWithin(fragment.parent, all));
}

/** Returns the fields of an operation that belong to deferred fragments, with the number of their set. */
export function fieldsOfFragments({ selection }: Operation): ReadonlyMap<OpField, number> {
  const fields = new Map<OpField, number>();
  const visitSelection = ({ items }: OpSelection): void => {
    for (const item of items) {
      if (item.kind === 'field' && item.fragments !== NOT_DEFERRED) fields.set(item, item.fragments);
      if (item.selection) visitSelection(item.selection);
    }
  };
  visitSelection(selection);
  return fields;
}

/** Returns whether a document has the directive `@defer` or `@stream`, active or not. */
export function isIncremental(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive({ name }) {
      found ||= name.value === 'defer' || name.value === 'stream';
    },
  });
  return found;
}

/**
 * Returns the arguments of an active `@defer`; `undefined` where there is none, or its condition is false.
 * @param conditions the values of the variables in conditions
 */
export function activeDefer(
  directives: readonly DirectiveNode[] | undefined,
  conditions: Readonly<Record<string, unknown>>,
): { readonly label: string | undefined } | undefined {
  const directive = directives?.find(({ name }) => name.value === 'defer');
  if (directive === undefined || !isActive(argumentOf(directive, 'if'), conditions)) return undefined;
  const label = argumentOf(directive, 'label');
  return { label: label?.kind === Kind.STRING ? label.value : undefined };
}
