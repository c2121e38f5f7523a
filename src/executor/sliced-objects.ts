import type { Position } from '../planner/positions.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { CompiledPlan } from './compile.ts';
import type { ExecutionInput } from './execution-input.ts';
import { gatherObjects, isOfType, type ResponseObject } from './objects.ts';
import { gatherPaths, ResponseObjects, type SubgraphPath } from './response-objects.ts';
import type { InitialCounts, StreamedList, StreamedLists } from './streamed-lists.ts';

/** Items of a streamed list, by their indices: from the first to the one before `to`. */
export interface ItemRange {
  readonly from: number;
  readonly to: number;
}

/** A part of the items of a streamed list, in all objects that have the list. */
export interface ListSlice extends ItemRange {
  readonly list: StreamedList;
  /** The objects that have the list. */
  readonly around: SlicedObjects;
}

/** The lists of one execution, and how many items of each come first. */
export interface ExecutedLists {
  readonly lists: StreamedLists;
  readonly counts: InitialCounts;
  /** The fewest items of a slice. */
  readonly smallest: number;
}

/**
 * The objects that one part of a streamed execution fetches: all of a response except the later items of streamed lists, or those
 * within one slice of such a list.
 */
export class SlicedObjects extends ResponseObjects {
  readonly executed: ExecutedLists;
  private readonly slice: ListSlice | undefined;

  /** @param slice `undefined` for everything outside of slices */
  constructor(
    supergraph: Supergraph,
    positionCount: number,
    data: ResponseObject,
    executed: ExecutedLists,
    slice?: ListSlice,
  ) {
    super(supergraph, positionCount, data);
    this.executed = executed;
    this.slice = slice;
    // whatever is not in the slice is fetched elsewhere
    if (slice) this.known[0] = [];
  }

  override at(position: Position): ResponseObject[] {
    const { origin } = position;
    if (this.known[position.id] !== undefined || !origin || !this.rangeAt(position)) return super.at(position);
    const objects: ResponseObject[] = [];
    for (const value of this.listsAt(position)) this.gather(position, value, objects);
    this.known[position.id] = objects;
    return objects;
  }

  /** Returns the number of items of the longest of the lists. */
  longest({ positions }: StreamedList): number {
    let longest = 0;
    for (const position of positions)
      for (const value of this.listsAt(position)) if (Array.isArray(value)) longest = Math.max(longest, value.length);
    return longest;
  }

  /** Returns the values of the field that leads to a position. */
  private listsAt(position: Position): unknown[] {
    const { origin } = position;
    if (!origin) return [];
    const types = this.ownerTypes(position);
    const parents = this.around(position).at(origin.parent);
    return (types ? parents.filter((parent) => isOfType(parent, types)) : parents).map(
      (parent) => parent[origin.alias.key],
    );
  }

  protected override around(position: Position): ResponseObjects {
    return this.slice?.list.positions.has(position) ? this.slice.around : this;
  }

  protected override gather(position: Position, value: unknown, into: ResponseObject[]): void {
    const range = this.rangeAt(position);
    if (range === undefined) return gatherObjects(value, into);
    if (!Array.isArray(value)) return;
    const end = Math.min(range.to, value.length);
    for (let i = range.from; i < end; i++) gatherObjects(value[i], into);
  }

  protected override gatherPaths(position: Position, value: unknown, path: SubgraphPath, into: SubgraphPath[]): void {
    const range = this.rangeAt(position);
    if (range === undefined) return gatherPaths(value, path, into);
    if (!Array.isArray(value)) return;
    const end = Math.min(range.to, value.length);
    for (let i = range.from; i < end; i++) gatherPaths(value[i], [...path, i], into);
  }

  /** Returns which items of the lists that lead to a position are meant; `undefined` for all. */
  private rangeAt(position: Position): ItemRange | undefined {
    const list = this.executed.lists.at(position);
    if (list === undefined) return undefined;
    return this.slice?.list === list ? this.slice : { from: 0, to: this.executed.counts.get(list) ?? 0 };
  }
}

const SMALLEST = 10;

/** Returns the objects that one execution fetches, or those of one slice. */
export function openTargets(
  { plan, fragments }: CompiledPlan,
  { supergraph, variables, smallestSlice: smallest = SMALLEST }: ExecutionInput,
  data: ResponseObject,
  slice: ListSlice | undefined,
): ResponseObjects {
  const lists = fragments?.lists;
  if (lists === undefined) return new ResponseObjects(supergraph, plan.positionCount, data);
  const executed = slice?.around.executed ?? { lists, counts: lists.counts(variables), smallest };
  return new SlicedObjects(supergraph, plan.positionCount, data, executed, slice);
}
