import type { CompiledRequest } from './compile.ts';
import type { DeferProgress } from './defer-progress.ts';
import type { RequestError } from './fragment-errors.ts';
import type { ItemRange, ListSlice, SlicedObjects } from './sliced-objects.ts';
import type { StreamedList } from './streamed-lists.ts';

/** The execution of what a plan fetches for one slice of a streamed list. */
export interface OpenSlice extends ItemRange {
  readonly progress: DeferProgress;
  /** The slices of the lists within this one. */
  readonly slices: OpenSlices;
  /** The errors of its requests so far. */
  readonly errors: readonly RequestError[];
  start(): void;
  /** Records that a request for what is around the slice is done. */
  release(request: CompiledRequest): void;
  /** Ends it: what is in flight is not needed. */
  stop(): void;
}

/** Creates the execution of a slice, which is not started. */
export type CreateSlice = (slice: ListSlice, around: OpenSlices) => OpenSlice;

const NONE: readonly OpenSlice[] = [];

/**
 * Opens the slices of streamed lists as soon as the lists are there. The first slice has 10 items, or as many as came before it if
 * these are more; each further one has twice as many as the one before. So the requests for a list grow with the logarithm of its
 * length. All are sent at once: the first ones do not delay the last ones.
 */
export class OpenSlices {
  private readonly targets: SlicedObjects;
  private readonly create: CreateSlice;
  private readonly outer: OpenSlices | undefined;
  private readonly own: StreamedList | undefined;
  /** Ids of the requests that are done here, or that are not for anything here. */
  private readonly done: Set<number>;
  private readonly opened = new Map<StreamedList, readonly OpenSlice[]>();
  private isStopped = false;

  /**
   * @param requests ids of the requests of the plan that are not sent here
   * @param around for the lists within a slice: that slice's list, and the slices beside it
   */
  constructor(
    targets: SlicedObjects,
    create: CreateSlice,
    requests: Iterable<number>,
    around?: { readonly outer: OpenSlices; readonly own: StreamedList },
  ) {
    this.targets = targets;
    this.create = create;
    this.done = new Set(requests);
    this.outer = around?.outer;
    this.own = around?.own;
  }

  /** Returns the slices of a list so far. */
  of(list: StreamedList): readonly OpenSlice[] {
    return this.opened.get(list) ?? NONE;
  }

  /** Returns in how many of the executions here and around a request is not done yet. */
  pending(id: number): number {
    return (this.done.has(id) ? 0 : 1) + (this.outer?.pending(id) ?? 0);
  }

  /** Records that a request is done here. */
  record(request: CompiledRequest): void {
    this.done.add(request.planned.id);
    this.release(request);
  }

  /** Records that a request is done here or around. */
  release(request: CompiledRequest): void {
    // those that are opened now count it already
    const before = [...this.opened.values()].flat();
    this.openReady(request.planned.id);
    for (const slice of before) slice.release(request);
  }

  /**
   * Opens the lists whose requests are done.
   * @param id only lists that this request returns
   */
  openReady(id?: number): void {
    for (const list of this.targets.executed.lists.all) {
      if (list === this.own || this.opened.has(list) || (id !== undefined && !list.providers.has(id))) continue;
      if ([...list.providers].every((one) => this.pending(one) === 0)) this.open(list);
    }
  }

  private open(list: StreamedList): void {
    const longest = this.targets.longest(list);
    const slices: OpenSlice[] = [];
    const { counts, smallest } = this.targets.executed;
    let from = counts.get(list) ?? 0;
    for (let size = Math.max(smallest, from); from < longest; size *= 2) {
      slices.push(this.create({ list, from, to: from + size, around: this.targets }, this));
      from += size;
    }
    this.opened.set(list, slices);
    for (const slice of slices) if (!this.isStopped) slice.start();
  }

  /** Returns the errors of the requests of all slices so far. */
  get errors(): RequestError[] {
    return [...this.opened.values()].flat().flatMap((slice) => [...slice.errors, ...slice.slices.errors]);
  }

  /** Ends all slices. */
  stop(): void {
    this.isStopped = true;
    for (const slice of [...this.opened.values()].flat()) slice.stop();
  }
}
