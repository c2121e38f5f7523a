import type { ByteBudget, HeldBytes } from '../shared/byte-budget.ts';

/** In characters. What is shorter is not counted: `subscription.queue_capacity` limits how much there is of it. */
const COUNTED_FROM = 1_024;

/** An event that waits. */
interface Queued {
  readonly text: string;
}

/** Counts the texts of events that wait for clients, or to be executed. One that waits for several clients counts once. */
export class QueuedBytes {
  readonly #budget: ByteBudget;
  readonly #counted = new Map<Queued, { readonly held: HeldBytes; users: number }>();

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Counts an event that begins to wait. Returns false, and counts nothing, where there is no room for it. */
  enter(event: Queued): boolean {
    const { length } = event.text;
    if (length < COUNTED_FROM) return true;
    const counted = this.#counted.get(event);
    if (counted) {
      counted.users += 1;
      return true;
    }
    const held = this.#budget.open(true);
    if (!held.take(length)) return false;
    this.#counted.set(event, { held, users: 1 });
    return true;
  }

  /** To be called once for each call of `enter` that returned true. Does nothing for an event that was not counted. */
  leave(event: Queued): void {
    const counted = this.#counted.get(event);
    if (counted === undefined || --counted.users > 0) return;
    counted.held.release();
    this.#counted.delete(event);
  }
}
