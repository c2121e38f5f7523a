import type { Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { gatherObjects, isObject, isOfType, type ResponseObject } from './objects.ts';

/** A path of aliased keys and list indices in the merged response. */
export type SubgraphPath = readonly (string | number)[];

/**
 * The objects at each position of one response, gathered when first needed. A look-up needs them only after the fetch
 * that returns them, so gathered objects stay valid, unless another fetch returns objects where that one failed or returned null.
 */
export class ResponseObjects {
  private readonly supergraph: Supergraph;
  /** The root of the response tree. */
  readonly data: ResponseObject;
  protected readonly known: (ResponseObject[] | undefined)[];

  constructor(supergraph: Supergraph, positionCount: number, data: ResponseObject) {
    this.supergraph = supergraph;
    this.data = data;
    this.known = new Array(positionCount);
    this.known[0] = [data];
  }

  /**
   * Clears the response tree and everything that refers to it, at the end of the execution. What had to wait is an old object by now, or
   * was allocated as one; V8 keeps what a dead old object points to until the next full collection, copying the young
   * part of it at each minor one.
   */
  forget(): void {
    for (const key of Object.keys(this.data)) this.data[key] = undefined;
    for (const objects of this.known) if (objects !== undefined) objects.length = 0;
    this.known.length = 0;
  }

  /** Whether the objects at a position are gathered. */
  isGathered({ id }: Position): boolean {
    return this.known[id] !== undefined;
  }

  /** Forgets which objects are where, except at the root: the next look-up finds those that have come since. */
  gatherAgain(): void {
    this.known.fill(undefined, 1);
  }

  at(position: Position): ResponseObject[] {
    let objects = this.known[position.id];
    if (objects === undefined) {
      objects = [];
      const { origin } = position;
      if (origin) {
        const parents = this.at(origin.parent);
        const types = this.ownerTypes(position);
        const { key } = origin.alias;
        for (const parent of parents) if (!types || isOfType(parent, types)) gatherObjects(parent[key], objects);
      }
      this.known[position.id] = objects;
    }
    return objects;
  }

  /** Returns for each object at a position, in the same order, its ancestor at a position above. */
  ancestorsAt(position: Position, above: Position): ResponseObject[] {
    const { origin } = position;
    if (position === above || !origin) return this.at(position);
    const types = this.ownerTypes(position);
    const around = this.around(position);
    const parents = around.at(origin.parent);
    const ancestors: ResponseObject[] = [];
    const found: ResponseObject[] = [];
    around.ancestorsAt(origin.parent, above).forEach((ancestor, index) => {
      const parent = parents[index] as ResponseObject;
      if (types && !isOfType(parent, types)) return;
      this.gather(position, parent[origin.alias.key], found);
      while (ancestors.length < found.length) ancestors.push(ancestor);
    });
    return alignedWith(this.at(position), found, ancestors);
  }

  /** Returns the paths of the objects at a position, in the same order; needed for errors only. */
  pathsAt(position: Position): SubgraphPath[] {
    const { origin } = position;
    if (!origin) return [[]];
    const types = this.ownerTypes(position);
    const around = this.around(position);
    const parents = around.at(origin.parent);
    const found: ResponseObject[] = [];
    const paths: SubgraphPath[] = [];
    around.pathsAt(origin.parent).forEach((path, index) => {
      const parent = parents[index];
      if (!parent || (types && !isOfType(parent, types))) return;
      this.gather(position, parent[origin.alias.key], found);
      this.gatherPaths(position, parent[origin.alias.key], [...path, origin.alias.key], paths);
    });
    return alignedWith(this.at(position), found, paths);
  }

  /** Returns the objects among which the parents of those at a position are. */
  protected around(_position: Position): ResponseObjects {
    return this;
  }

  /** Adds the objects at a position in the value of one parent. */
  protected gather(_position: Position, value: unknown, into: ResponseObject[]): void {
    gatherObjects(value, into);
  }

  /** Adds the paths of the objects at a position in the value of one parent. */
  protected gatherPaths(_position: Position, value: unknown, path: SubgraphPath, into: SubgraphPath[]): void {
    gatherPaths(value, path, into);
  }

  /** Returns the runtime types of parents that lead to a position; `undefined` where all do. */
  protected ownerTypes({ origin }: Position): ReadonlySet<string> | undefined {
    if (!origin || origin.owner === origin.parent.type) return undefined;
    return this.supergraph.types.get(origin.owner)?.possible;
  }
}

/**
 * Returns what belongs to the objects that were gathered at first: another response may have filled nulls of their list since then.
 * @param values one for each object that is found now
 */
function alignedWith<T>(gathered: readonly ResponseObject[], found: readonly ResponseObject[], values: T[]): T[] {
  if (gathered.length === found.length) return values;
  const known = new Map(found.map((object, index) => [object, values[index] as T]));
  return gathered.map((object) => known.get(object) as T);
}

export function gatherPaths(value: unknown, path: SubgraphPath, into: SubgraphPath[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const [index, item] of value.entries()) gatherPaths(item, [...path, index], into);
  else if (isObject(value)) into.push(path);
}
