/** How often the delay is measured, in milliseconds. */
const EVERY_MS = 10;

/**
 * Measures how late the event loop runs what is ready.
 * @param observe receives how late a timer was, in milliseconds, and when that was, by `performance.now()`
 * @returns a function that stops measuring
 */
export function watchLoopDelay(observe: (delayMs: number, now: number) => void): () => void {
  let due = performance.now() + EVERY_MS;
  const timer = setTimeout(() => {
    const now = performance.now();
    observe(Math.max(0, now - due), now);
    due = performance.now() + EVERY_MS;
    timer.refresh();
  }, EVERY_MS).unref();
  return () => clearTimeout(timer);
}
