import type { Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { gatherObjects, isObject, isOfType, type ResponseObject } from './objects.ts';

/** A path in wire keys and list indices, as subgraph answers are laid into the response. */
export type SubgraphPath = readonly (string | number)[];

/**
 * The objects at each position of one response, gathered when first needed. A look-up needs them only after the fetch that
 * brings them, so what was gathered once stays right.
 */
export class ResponseObjects {
  private readonly supergraph: Supergraph;
  private readonly known: (ResponseObject[] | undefined)[];

  constructor(supergraph: Supergraph, positionCount: number, data: ResponseObject) {
    this.supergraph = supergraph;
    this.known = new Array(positionCount);
    this.known[0] = [data];
  }

  /** Drops all objects: nothing is asked any more. */
  forget(): void {
    for (const objects of this.known) if (objects !== undefined) objects.length = 0;
    this.known.length = 0;
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

  /** For each object at a position, in the same order, the one at a position above through which it was reached. */
  ancestorsAt(position: Position, above: Position): ResponseObject[] {
    const { origin } = position;
    if (position === above || !origin) return this.at(position);
    const types = this.ownerTypes(position);
    const parents = this.at(origin.parent);
    const ancestors: ResponseObject[] = [];
    const found: ResponseObject[] = [];
    this.ancestorsAt(origin.parent, above).forEach((ancestor, index) => {
      const parent = parents[index] as ResponseObject;
      if (types && !isOfType(parent, types)) return;
      gatherObjects(parent[origin.alias.key], found);
      while (ancestors.length < found.length) ancestors.push(ancestor);
    });
    return ancestors;
  }

  /** The paths of the objects at a position, in the same order; worked out for errors only. */
  pathsAt(position: Position): SubgraphPath[] {
    const { origin } = position;
    if (!origin) return [[]];
    const types = this.ownerTypes(position);
    const parents = this.at(origin.parent);
    const paths: SubgraphPath[] = [];
    this.pathsAt(origin.parent).forEach((path, index) => {
      const parent = parents[index];
      if (!parent || (types && !isOfType(parent, types))) return;
      gatherPaths(parent[origin.alias.key], [...path, origin.alias.key], paths);
    });
    return paths;
  }

  /** The runtime types of parents that lead to a position; `undefined` where all do. */
  private ownerTypes({ origin }: Position): ReadonlySet<string> | undefined {
    if (!origin || origin.owner === origin.parent.type) return undefined;
    return this.supergraph.types.get(origin.owner)?.possible;
  }
}

function gatherPaths(value: unknown, path: SubgraphPath, into: SubgraphPath[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const [index, item] of value.entries()) gatherPaths(item, [...path, index], into);
  else if (isObject(value)) into.push(path);
}
