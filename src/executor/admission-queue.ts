import type { QueryPlan } from '../planner/plan.ts';
import { isBusy } from '../shared/turns.ts';

/**
 * In UTF-16 code units of subgraph responses. A smaller execution starts at once: it ends before it delays others.
 */
export const HEAVY_EXECUTION = 16_384;

/** Heavy executions start at once while the running ones take less text than this together. */
const UNQUEUED_TEXT = 262_144;

/** The weight of a root field that has not been executed yet. */
const UNKNOWN_WEIGHT = HEAVY_EXECUTION;

/** Turns in a row in which nothing starts, because long work waits. */
const MAX_SKIPPED = 200;

type Start = () => void;

/**
 * A queue that finishes running executions before it starts more. With many heavy executions at once, each would
 * otherwise wait for all others with half of its result in memory, where the garbage collector copies it again and
 * again. So beyond a few, one more starts in each turn of the event loop, after the responses that have arrived were
 * read. None starts while responses that have arrived wait to be parsed, or while clients wait to be accepted. While the processor is
 * busy, as many end in a turn; while it waits for slow subgraphs, turns are so short that the delay does not matter.
 *
 * The weight of an execution is what the last one of its plan took. A new plan has the weight of other plans with the same root field, and
 * a new root field counts as heavy until it has been executed once.
 */
export class AdmissionQueue {
  private running = 0;
  private waiting: Start[] = [];
  private next = 0;
  private skipped = 0;
  /** What the last recorded execution took, by its root field. As many as the schema has root fields. */
  private readonly sizes = new Map<string, number>();

  /** Calls `start`, now or in a later turn; the execution then has to {@link leave} with the same weight. */
  enter(weight: number, start: Start): void {
    if (this.waiting.length === 0 && this.running < UNQUEUED_TEXT) {
      this.running += weight;
      start();
      return;
    }
    if (this.waiting.length === 0) setImmediate(this.startNext);
    this.waiting.push(() => {
      this.running += weight;
      start();
    });
  }

  /** Ends an execution that entered with this weight. */
  leave(weight: number): void {
    this.running -= weight;
  }

  /** Returns the weight of a plan that has not been executed yet: that of the heaviest of its root fields. */
  estimate({ operation }: QueryPlan): number {
    let most = 0;
    for (const item of operation.selection.items)
      if (item.kind === 'field' && !item.name.startsWith('__'))
        most = Math.max(most, this.sizes.get(item.name) ?? UNKNOWN_WEIGHT);
    return most;
  }

  /** Records what an execution took, for new plans with its root fields. */
  record({ operation }: QueryPlan, text: number): void {
    const { items } = operation.selection;
    for (const item of items) {
      if (item.kind !== 'field') continue;
      // of several fields it is not known which of them is the heavy one
      if (items.length === 1 || (text < HEAVY_EXECUTION && !this.sizes.has(item.name))) this.sizes.set(item.name, text);
    }
  }

  private readonly startNext = (): void => {
    if (isBusy() && this.skipped < MAX_SKIPPED) {
      this.skipped++;
      setImmediate(this.startNext);
      return;
    }
    this.skipped = 0;
    const start = this.waiting[this.next];
    this.waiting[this.next] = NO_START;
    this.next += 1;
    if (this.next === this.waiting.length) {
      this.waiting = [];
      this.next = 0;
    } else {
      setImmediate(this.startNext);
    }
    start?.();
  };
}

const NO_START: Start = () => {};
