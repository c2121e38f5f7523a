import type { CompiledFragments, Level, Step } from './compiled-fragments.ts';
import type { DeferredPlace } from './deferred-places.ts';
import type { ResponsePath } from './errors.ts';
import { NOT_DEFERRED } from './object-shapes.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';

/** An object with fields of one set of deferred fragments, whose surrounding fields belong to another set. */
export interface FragmentPlace extends DeferredPlace {
  /** The number of the set. */
  readonly set: number;
  readonly level: Level;
  readonly typeName: string;
}

/** Finds the places of deferred fragments in the data of one execution. */
export class FragmentPlaces {
  private readonly fragments: CompiledFragments;
  /** Objects and lists in whose place null was written: nothing within them has a place. */
  private readonly nulled: ReadonlySet<unknown>;
  constructor(fragments: CompiledFragments, nulled: ReadonlySet<unknown>) {
    this.fragments = fragments;
    this.nulled = nulled;
  }

  /** Finds the places in what is not deferred. */
  inRest(data: ResponseObject): FragmentPlace[] {
    const found: FragmentPlace[] = [];
    this.visit(data, this.fragments.rootLevel, NOT_DEFERRED, [], [], found);
    return found;
  }

  /** Finds the places within the fields of a place. */
  within({ object, level, typeName, set, path, subgraphPath }: FragmentPlace): FragmentPlace[] {
    const found: FragmentPlace[] = [];
    this.visitBelow(object, this.fragments.stepOf(level, typeName), set, path, subgraphPath, found);
    return found;
  }

  /**
   * Returns whether an error is within the fields of a place, or within what is not deferred.
   * @param place `undefined` for what is not deferred
   */
  hasError(path: ResponsePath, data: ResponseObject, place: FragmentPlace | undefined): boolean {
    const set = place?.set ?? NOT_DEFERRED;
    const rest = place ? pathBelow(path, place.path) : path;
    if (rest === undefined || (place !== undefined && rest.length === 0)) return false;
    let value: unknown = place?.object ?? data;
    let level = place?.level ?? this.fragments.rootLevel;
    for (const step of rest) {
      // errors that are known before a fetch have no indices
      while (Array.isArray(value) && typeof step === 'string') value = value[0];
      if (typeof step === 'number') {
        value = Array.isArray(value) ? value[step] : undefined;
        continue;
      }
      if (!isObject(value)) return true;
      const { fields, below } = this.fragments.stepOf(level, typeOf(value, level));
      const field = fields.get(step);
      if (field === undefined) return true;
      if (field.fragments !== set) return false;
      const next = below.find((one) => one.field === field);
      if (next === undefined) return true;
      value = value[field.subgraphKey];
      level = next.level;
    }
    return true;
  }

  private visit(
    value: unknown,
    level: Level,
    set: number,
    path: ResponsePath,
    subgraphPath: SubgraphPath,
    found: FragmentPlace[],
  ): void {
    if (this.nulled.has(value)) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) this.visit(item, level, set, [...path, i], [...subgraphPath, i], found);
      return;
    }
    if (!isObject(value)) return;
    const typeName = typeOf(value, level);
    const step = this.fragments.stepOf(level, typeName);
    for (const { set: other, write } of step.sets)
      if (other !== set) found.push({ object: value, path, subgraphPath, write, set: other, level, typeName });
    this.visitBelow(value, step, set, path, subgraphPath, found);
  }

  private visitBelow(
    object: ResponseObject,
    { below }: Step,
    set: number,
    path: ResponsePath,
    subgraphPath: SubgraphPath,
    found: FragmentPlace[],
  ): void {
    for (const { field, level, leadsToOthers } of below) {
      const { subgraphKey } = field;
      if (field.fragments !== set || !leadsToOthers) continue;
      const next: ResponsePath = [...path, field.field.responseKey];
      this.visit(object[subgraphKey], level, set, next, [...subgraphPath, subgraphKey], found);
    }
  }
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
