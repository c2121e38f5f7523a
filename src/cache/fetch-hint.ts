import type { CacheHint, CacheHints } from '../operation/cache-hints.ts';
import type { FetchField, FetchNode } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** What the schema says about how long the values of one fetch may be cached. */
export interface FetchHint {
  /** The shortest time of all hints; `undefined` where there are none. */
  readonly maxAgeMs: number | undefined;
  /** Whether every field has a time, so that the schema alone allows the values to be cached. */
  readonly isComplete: boolean;
  readonly isPrivate: boolean;
}

/**
 * Combines the hints of what a fetch selects. A field has its own hint, else that of its type. Root fields, and fields that return
 * objects, need one; a leaf lasts as long as the object around it. An entity has the hint of its type, or else each of its fields
 * needs one. For an interface or a union, the hints of all possible types apply.
 */
export function hintOf(node: FetchNode, isRoot: boolean, hints: CacheHints, types: Supergraph['types']): FetchHint {
  const found = new FoundHints(hints, types);
  if (isRoot) found.addFields(node, true);
  else {
    const own = found.addType(node.type.name);
    found.addFields(node, !own);
  }
  return found.result();
}

/** Combines the hints of one root field, and of what is selected below it. */
export function hintOfField(
  node: FetchNode,
  field: FetchField,
  hints: CacheHints,
  types: Supergraph['types'],
): FetchHint {
  const found = new FoundHints(hints, types);
  found.addFieldOf(node, field, true);
  return found.result();
}

class FoundHints {
  private readonly hints: CacheHints;
  private readonly types: Supergraph['types'];
  private leastMs = Number.POSITIVE_INFINITY;
  private isComplete = true;
  private isPrivate = false;

  constructor(hints: CacheHints, types: Supergraph['types']) {
    this.hints = hints;
    this.types = types;
  }

  result(): FetchHint {
    const { leastMs, isPrivate } = this;
    const maxAgeMs = leastMs === Number.POSITIVE_INFINITY ? undefined : leastMs;
    return { maxAgeMs, isComplete: this.isComplete && maxAgeMs !== undefined, isPrivate };
  }

  /** @returns whether the type has a time, or takes that of what is around it */
  addType(name: string): boolean {
    const all = this.namesOf(name).map((type) => this.hints.get(type) ?? this.hints.get(name));
    for (const hint of all) this.add(hint);
    return all.length > 0 && all.every((hint) => hint?.maxAgeMs !== undefined || hint?.inherit === true);
  }

  /** @param needsHints whether also leaves need a hint, because the object around them has none */
  addFields(node: FetchNode, needsHints: boolean): void {
    for (const field of node.fields.values()) this.addFieldOf(node, field, needsHints);
    for (const typeCondition of node.typeConditions.values()) {
      if (needsHints) this.addType(typeCondition.type.name);
      this.addFields(typeCondition, needsHints);
    }
  }

  /** @param needsHints see {@link addFields} */
  addFieldOf(node: FetchNode, { alias, node: below }: FetchField, needsHints: boolean): void {
    const isSaid = this.addField(node.type.name, alias.name, below);
    if (!isSaid && (needsHints || below)) this.isComplete = false;
    if (below) this.addFields(below, false);
  }

  /** @returns whether the field has a time, or takes that of what is around it */
  private addField(type: string, field: string, below: FetchNode | undefined): boolean {
    const own = this.namesOf(type).map(
      (name) => this.hints.get(`${name}.${field}`) ?? this.hints.get(`${type}.${field}`),
    );
    for (const hint of own) this.add(hint);
    const isSaid = own.length > 0 && own.every((hint) => hint?.maxAgeMs !== undefined || hint?.inherit === true);
    if (!below || isSaid) {
      if (below) this.addScopes(below.type.name);
      return isSaid;
    }
    return this.addType(below.type.name);
  }

  /** Adds who may see a type, where the field has a time of its own. */
  private addScopes(type: string): void {
    for (const name of this.namesOf(type)) if (this.hints.get(name)?.scope === 'private') this.isPrivate = true;
  }

  private add(hint: CacheHint | undefined): void {
    if (hint?.scope === 'private') this.isPrivate = true;
    if (hint?.maxAgeMs !== undefined) this.leastMs = Math.min(this.leastMs, hint.maxAgeMs);
  }

  private namesOf(type: string): readonly string[] {
    const possible = [...(this.types.get(type)?.possible ?? [])];
    return possible.length === 0 ? [type] : possible;
  }
}
