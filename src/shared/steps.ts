/** How long work in slices may block the event loop before other work runs, in milliseconds. */
export const SLICE_MS = 8;

/** Steps between two readings of the clock, for steps of some microseconds. */
const STEPS_PER_CHECK = 16;

/**
 * Work in small steps, between which other work may run. A step is short for any size of the operation or schema; large
 * ones take more of them.
 */
export type Steps<T> = Generator<void, T>;

/** Runs all steps at once. */
export function runToEnd<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * Runs the steps in slices: work that exceeds one slice is interrupted, so that other work on the event loop can run in between.
 *
 * This is for work that a generator can describe, such as planning. `TimeSlices` is for asynchronous code that reads long responses.
 *
 * @param now returns milliseconds since any fixed time
 * @param stepsPerCheck steps between two readings of the clock: 1 for steps that may take a millisecond
 * @returns the result itself where one slice was enough, so that small work never waits; rejects and throws as the
 * steps do
 */
export function runInSlices<T>(
  steps: Steps<T>,
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

function runSlice<T>(steps: Steps<T>, now: () => number, stepsPerCheck: number): IteratorResult<void, T> {
  const end = now() + SLICE_MS;
  for (;;) {
    for (let taken = 0; taken < stepsPerCheck; taken++) {
      const step = steps.next();
      if (step.done) return step;
    }
    if (now() >= end) return { done: false, value: undefined };
  }
}
