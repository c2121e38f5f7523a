/** Milliseconds that one preparation may block the event loop before other work runs. */
const SLICE_MS = 8;
/** Steps between two readings of the clock, for steps of some microseconds. */
const STEPS_PER_CHECK = 16;

/**
 * Runs work that is divided into steps. Work that exceeds one slice is interrupted, so that other work on the event
 * loop can run in between.
 *
 * @param now returns milliseconds since any fixed time
 * @param stepsPerCheck steps between two readings of the clock: 1 for steps that may take a millisecond
 * @returns the result itself where one slice was enough, so that small work never waits; rejects and throws as the
 * steps do
 */
export function runInSlices<T>(
  steps: Iterator<void, T>,
  now: () => number = () => performance.now(),
  stepsPerCheck: number = STEPS_PER_CHECK,
): T | Promise<T> {
  const first = runSlice(steps, now, stepsPerCheck);
  if (first.done) return first.value;
  return new Promise((resolve, reject) => {
    const continueWork = () => {
      try {
        const next = runSlice(steps, now, stepsPerCheck);
        if (next.done) resolve(next.value);
        else setImmediate(continueWork);
      } catch (error) {
        reject(error);
      }
    };
    setImmediate(continueWork);
  });
}

function runSlice<T>(steps: Iterator<void, T>, now: () => number, stepsPerCheck: number): IteratorResult<void, T> {
  const end = now() + SLICE_MS;
  for (;;) {
    for (let taken = 0; taken < stepsPerCheck; taken++) {
      const step = steps.next();
      if (step.done) return step;
    }
    if (now() >= end) return { done: false, value: undefined };
  }
}
