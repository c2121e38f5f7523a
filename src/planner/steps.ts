/**
 * Work in small steps: whoever runs it may let others have their turn in between. A step is short whatever the size of
 * the operation; a large operation takes more of them.
 */
export type Steps<T> = Generator<void, T>;

/** Runs all steps at once. */
export function runToEnd<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
