import type { TimeSlices } from '../shared/time-slices.ts';
import type { ValueWriter } from './object-writer.ts';

/** Thrown through all writers where the slice is over. */
export const PAUSE = new Error('The slice is over.');

/** Shorter lists that are complete are written again after a pause. In UTF-16 code units. */
const REMEMBERED_TEXT = 4_096;

/** How far a list is written. */
export interface ListProgress {
  /** Flat text, and what was added to it since. */
  readonly text: string;
  readonly part: string;
  /** The index of the next item. */
  readonly at: number;
  /** Whether a value is missing, so that null propagates. */
  readonly missing: boolean;
}

export const LIST_START: ListProgress = { text: '', part: '[', at: 0, missing: false };

/**
 * Where the writing of a long response was interrupted. Writers are plain functions that call each other, so a pause is an exception that
 * ends all of them. Each list on the way keeps what it has written. After the pause the response is written from its root again, and
 * each of these lists continues where it was.
 */
export class WritePauses {
  private readonly slices: Pick<TimeSlices, 'isOver' | 'next'>;
  /** Lists by the writers of their items: two fields may have the same list. */
  private readonly lists = new Map<ValueWriter, Map<readonly unknown[], ListProgress>>();
  private readonly remembered: (readonly [ValueWriter, readonly unknown[]])[] = [];
  /** The innermost list that was interrupted; set until it continues. */
  private resumed: ListProgress | undefined;

  constructor(slices: Pick<TimeSlices, 'isOver' | 'next'>) {
    this.slices = slices;
  }

  /** Resolves when the next slice begins. Rejects with `WorkStopped`. */
  next(): Promise<void> {
    // those that are needed are read again, and remembered anew
    this.remembered.length = 0;
    return this.slices.next();
  }

  /** Returns whether to pause. Never before the work of the last slice continues, so that each slice adds something. */
  isOver(): boolean {
    return this.resumed === undefined && this.slices.isOver();
  }

  /** Returns how far a list was written before the pause, and forgets it. */
  take(write: ValueWriter, list: readonly unknown[]): ListProgress | undefined {
    if (this.lists.size === 0) return undefined;
    const progress = this.lists.get(write)?.get(list);
    if (progress === undefined) return undefined;
    this.delete(write, list);
    if (progress === this.resumed) this.resumed = undefined;
    return progress;
  }

  /** Keeps how far a list is written at a pause. */
  save(write: ValueWriter, list: readonly unknown[], progress: ListProgress): void {
    this.resumed ??= progress;
    this.put(write, list, progress);
  }

  /** Keeps a list that is complete, if it is long: the object around it may be written again. */
  remember(write: ValueWriter, list: readonly unknown[], progress: ListProgress): void {
    if (progress.text.length + progress.part.length < REMEMBERED_TEXT) return;
    this.remembered.push([write, list]);
    this.put(write, list, progress);
  }

  /** How many complete lists are kept. */
  get mark(): number {
    return this.remembered.length;
  }

  /** Forgets the lists that were completed since a mark: what is around them is complete, too. */
  forgetSince(mark: number): void {
    for (const [write, list] of this.remembered.splice(mark)) this.delete(write, list);
  }

  private put(write: ValueWriter, list: readonly unknown[], progress: ListProgress): void {
    let byList = this.lists.get(write);
    if (byList === undefined) {
      byList = new Map();
      this.lists.set(write, byList);
    }
    byList.set(list, progress);
  }

  private delete(write: ValueWriter, list: readonly unknown[]): void {
    const byList = this.lists.get(write);
    byList?.delete(list);
    if (byList?.size === 0) this.lists.delete(write);
  }
}
