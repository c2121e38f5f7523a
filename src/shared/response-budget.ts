/** Number of parts of a budget. A pause in one part does not use up the others. */
const PARTS = 4;

/**
 * Calls `onSpent` if no response over a socket or a channel has arrived within `ms` milliseconds. Returns a function that cancels it.
 *
 * Only time in which this process could have read the response counts. While the process is busy, or the machine gives it no time,
 * nothing is read; afterwards, Node runs timers before it reads. So the budget is split into parts, and a pause costs only one of
 * them. When the last part is spent, data that has arrived is read before `onSpent` is called.
 */
export function startBudget(ms: number, onSpent: () => void): () => void {
  let left = PARTS;
  let immediate: NodeJS.Immediate | undefined;
  const partSpent = () => {
    left--;
    if (left > 0) timer = setTimeout(partSpent, ms / PARTS);
    else immediate = setImmediate(onSpent);
  };
  let timer = setTimeout(partSpent, ms / PARTS);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
