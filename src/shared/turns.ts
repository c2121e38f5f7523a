import { SLICE_MS } from './steps.ts';

/**
 * Shares the turns of the event loop between long work and everything else. Long work, such as parsing a long response, has some
 * milliseconds in each turn, all of it together; the rest continues in the next turn, first come, first served. So a turn is short however
 * much work there is, and short requests are answered meanwhile.
 *
 * Node accepts one connection in each turn. So while connections are accepted, long work pauses: otherwise a thousand clients
 * that connect at once would wait for a thousand slices.
 */

/** Does its part of the work. Returns whether it is done; false if it goes on in this turn, after the function has returned. */
export type LongWork = () => boolean;

/** Turns in a row in which new connections come before long work. Such turns are short. */
const MAX_POSTPONED = 100;

const queue: LongWork[] = [];
/** When the time for long work in the current turn is over. */
let end = 0;
let isScheduled = false;
let hasAccepted = false;
let postponed = 0;

/** Returns whether there is time left for long work in this turn. Costs some fifty nanoseconds. */
export function hasTime(): boolean {
  if (isScheduled) return performance.now() < end;
  end = performance.now() + SLICE_MS;
  schedule();
  return true;
}

/** Does the work in a later turn. */
export function doLater(work: LongWork): void {
  queue.push(work);
  if (!isScheduled) schedule();
}

/** Does the work now if there is time left in this turn; else in a later one. */
export function doWhenTime(work: () => void): void {
  if (hasTime()) return work();
  doLater(() => {
    work();
    return true;
  });
}

/** Returns whether long work waits, or is postponed. */
export function isBusy(): boolean {
  return hasAccepted || postponed > 0 || queue.length > 0;
}

/** To be called for each new connection. */
export function connectionAccepted(): void {
  hasAccepted = true;
  if (!isScheduled) schedule();
}

function schedule(): void {
  isScheduled = true;
  setImmediate(beginTurn);
}

function beginTurn(): void {
  isScheduled = false;
  if (hasAccepted && postponed < MAX_POSTPONED) {
    hasAccepted = false;
    postponed++;
    schedule();
    return;
  }
  hasAccepted = false;
  postponed = 0;
  end = performance.now() + SLICE_MS;
  if (queue.length === 0) return;
  // the next turn begins even if the work throws
  schedule();
  for (let work = queue.shift(); work !== undefined; work = queue.shift()) {
    if (!work() || performance.now() >= end) return;
  }
}
