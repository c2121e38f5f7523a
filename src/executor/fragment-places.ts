import type { CompiledFragments, FieldBelow, Level, Step } from './compiled-fragments.ts';
import type { DeferProgress } from './defer-progress.ts';
import type { DeferredPlace } from './deferred-places.ts';
import type { ResponsePath } from './errors.ts';
import type { OpenSlices } from './list-slices.ts';
import { NOT_DEFERRED } from './object-shapes.ts';
import type { ValueWriter } from './object-writer.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';
import type { InitialCounts, StreamedList } from './streamed-lists.ts';

/** What fetches a part of the data: the execution, or one slice of a streamed list. */
export interface Run {
  readonly progress: DeferProgress;
  /** The slices of the lists in this part. */
  readonly slices: OpenSlices | undefined;
}

/** Where something is in the data of an execution. */
interface At {
  readonly run: Run;
  /** The number of the set of deferred fragments that it is delivered with. */
  readonly set: number;
  readonly path: ResponsePath;
  /** The same path, of aliased keys. */
  readonly subgraphPath: SubgraphPath;
}

/** An object with fields of one set of deferred fragments, whose surrounding fields belong to another set. */
export interface FragmentPlace extends DeferredPlace, At {
  readonly level: Level;
  readonly typeName: string;
}

/** A streamed list with more items than come first. */
export interface ListPlace extends At {
  readonly list: StreamedList;
  readonly items: readonly unknown[];
  /** Of the items. */
  readonly level: Level;
  readonly writeItem: ValueWriter;
}

/** Some items of a streamed list. */
export interface ItemsPlace {
  readonly place: ListPlace;
  readonly from: number;
  /** The index after the last item. */
  readonly to: number;
}

/** What is delivered later than what is around it. */
export interface FoundPlaces {
  readonly places: FragmentPlace[];
  readonly lists: ListPlace[];
}

/** Finds the places of deferred fragments and streamed lists in the data of one execution. */
export class FragmentPlaces {
  private readonly fragments: CompiledFragments;
  /** Objects and lists in whose place null was written: nothing within them has a place. */
  private readonly nulled: ReadonlySet<unknown>;
  private readonly firstItems: InitialCounts | undefined;

  constructor(fragments: CompiledFragments, nulled: ReadonlySet<unknown>, firstItems: InitialCounts | undefined) {
    this.fragments = fragments;
    this.nulled = nulled;
    this.firstItems = firstItems;
  }

  /** Finds the places in what is not deferred. */
  inRest(data: ResponseObject, run: Run): FoundPlaces {
    const found: FoundPlaces = { places: [], lists: [] };
    this.visit(data, this.fragments.rootLevel, { run, set: NOT_DEFERRED, path: [], subgraphPath: [] }, found);
    return found;
  }

  /** Finds the places within the fields of a place. */
  within(place: FragmentPlace): FoundPlaces {
    const found: FoundPlaces = { places: [], lists: [] };
    this.visitBelow(place.object, this.fragments.stepOf(place.level, place.typeName), place, found);
    return found;
  }

  /** Finds the places within items of a list. */
  inItems({ place, from, to }: ItemsPlace, run: Run): FoundPlaces {
    const found: FoundPlaces = { places: [], lists: [] };
    const { items, level } = place;
    for (let i = from; i < to; i++) this.visit(items[i], level, { ...itemAt(place, i), run }, found);
    return found;
  }

  /**
   * Returns whether an error is within the fields of a place, within items of a list, or within what is not deferred.
   * @param where `undefined` for what is not deferred
   */
  hasError(path: ResponsePath, data: ResponseObject, where: FragmentPlace | ItemsPlace | undefined): boolean {
    if (where === undefined) return this.follow(path, data, this.fragments.rootLevel, NOT_DEFERRED) !== undefined;
    if (!('place' in where)) {
      const rest = pathBelow(path, where.path);
      if (rest === undefined || rest.length === 0) return false;
      return this.follow(rest, where.object, where.level, where.set) !== undefined;
    }
    const { place, from, to } = where;
    const [index, ...rest] = pathBelow(path, place.path) ?? [];
    if (typeof index !== 'number' || index < from || index >= to) return false;
    return this.follow(rest, place.items[index], place.level, place.set) !== undefined;
  }

  /** Returns whether a path leads to null in what is not deferred. */
  leadsToNull(path: ResponsePath, data: ResponseObject): boolean {
    const found = this.follow(path, data, this.fragments.rootLevel, NOT_DEFERRED);
    return found !== undefined && (found.value ?? null) === null;
  }

  /** Returns the value that a path leads to; `undefined` where not all its fields belong to a set, or not all its items come first. */
  private follow(
    path: ResponsePath,
    from: unknown,
    fromLevel: Level,
    set: number,
  ): { readonly value: unknown } | undefined {
    let value = from;
    let level: Level | undefined = fromLevel;
    let list: StreamedList | undefined;
    for (const step of path) {
      // errors that are known before a fetch have no indices
      while (Array.isArray(value) && typeof step === 'string') value = value[0];
      if (typeof step === 'number') {
        if (list && Array.isArray(value) && step >= this.countOf(list)) return undefined;
        list = undefined;
        value = Array.isArray(value) ? value[step] : undefined;
        continue;
      }
      if (level === undefined || !isObject(value)) break;
      const { fields, below } = this.fragments.stepOf(level, typeOf(value, level));
      const field = fields.get(step);
      if (field === undefined) return { value: undefined };
      if (field.fragments !== set) return undefined;
      const next = below.find((one) => one.field === field);
      value = value[field.subgraphKey];
      level = next?.level;
      list = next?.stream?.list;
    }
    return { value };
  }

  private countOf(list: StreamedList): number {
    return this.firstItems?.get(list) ?? 0;
  }

  private visit(value: unknown, level: Level, at: At, found: FoundPlaces): void {
    if (this.nulled.has(value)) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) this.visit(item, level, itemAt(at, i), found);
      return;
    }
    if (!isObject(value)) return;
    const typeName = typeOf(value, level);
    const step = this.fragments.stepOf(level, typeName);
    const { run, path, subgraphPath } = at;
    for (const { set, write } of step.sets)
      if (set !== at.set) found.places.push({ object: value, run, path, subgraphPath, write, set, level, typeName });
    this.visitBelow(value, step, at, found);
  }

  private visitBelow(object: ResponseObject, { below }: Step, at: At, found: FoundPlaces): void {
    for (const one of below) {
      const { subgraphKey, fragments, field } = one.field;
      if (fragments !== at.set || !one.leadsToOthers) continue;
      const value = object[subgraphKey];
      const path: ResponsePath = [...at.path, field.responseKey];
      const next: At = { run: at.run, set: at.set, path, subgraphPath: [...at.subgraphPath, subgraphKey] };
      if (one.stream && Array.isArray(value)) this.visitList(value, one, next, found);
      else this.visit(value, one.level, next, found);
    }
  }

  private visitList(items: readonly unknown[], { level, stream }: FieldBelow, at: At, found: FoundPlaces): void {
    if (stream === undefined || this.nulled.has(items)) return;
    const { list, writeItem } = stream;
    const count = Math.min(this.countOf(list), items.length);
    for (let i = 0; i < count; i++) this.visit(items[i], level, itemAt(at, i), found);
    const { run, set, path, subgraphPath } = at;
    if (count < items.length) found.lists.push({ run, set, path, subgraphPath, list, items, level, writeItem });
  }
}

/** Returns the place of an item. */
function itemAt({ run, set, path, subgraphPath }: At, index: number): At {
  return { run, set, path: [...path, index], subgraphPath: [...subgraphPath, index] };
}

function typeOf({ __typename: name }: ResponseObject, { staticType }: Level): string {
  return String(name ?? staticType);
}

/** Returns the rest of a path below another one; `undefined` if it is not below. Indices count where both paths have them. */
function pathBelow(path: ResponsePath, above: ResponsePath): ResponsePath | undefined {
  let at = 0;
  for (const step of above) {
    if (path[at] === step) at += 1;
    else if (typeof step !== 'number' || typeof path[at] === 'number') return undefined;
  }
  return path.slice(at);
}
