/** Parts of a budget. What is left after one part that took too long is still there to wait in. */
const PARTS = 4;

/**
 * Calls `onSpent` when an answer over a socket or a channel has not come in so many milliseconds, and returns what cancels that.
 *
 * The milliseconds are those in which this process could have read the answer. While it does other work, or the machine gives it no
 * time, nothing is read; afterwards, Node runs timers before it reads. So the budget is spent in parts, of which a pause costs one,
 * and when the last is spent, what has arrived by then is read before the answer is given up.
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
