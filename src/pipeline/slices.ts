/** Milliseconds that one preparation may hold the event loop before others have their turn. */
const SLICE = 8;
/** Steps between two looks at the clock: each takes some microseconds. */
const STEPS_A_LOOK = 16;

/**
 * Runs work that goes in steps. What takes longer than a slice is interrupted: then others have their turn on the event
 * loop, and it goes on after them.
 *
 * @param now milliseconds from any beginning
 * @returns the result itself where one slice was enough, so that small work never waits; rejects and throws as the steps do
 */
export function runInSlices<T>(steps: Iterator<void, T>, now: () => number = () => performance.now()): T | Promise<T> {
  const first = runSlice(steps, now);
  if (first.done) return first.value;
  return new Promise((resolve, reject) => {
    const goOn = () => {
      try {
        const next = runSlice(steps, now);
        if (next.done) resolve(next.value);
        else setImmediate(goOn);
      } catch (error) {
        reject(error);
      }
    };
    setImmediate(goOn);
  });
}

function runSlice<T>(steps: Iterator<void, T>, now: () => number): IteratorResult<void, T> {
  const end = now() + SLICE;
  for (;;) {
    for (let taken = 0; taken < STEPS_A_LOOK; taken++) {
      const step = steps.next();
      if (step.done) return step;
    }
    if (now() >= end) return { done: false, value: undefined };
  }
}
