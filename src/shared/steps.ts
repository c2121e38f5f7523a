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
