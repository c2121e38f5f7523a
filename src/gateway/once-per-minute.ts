const MINUTE_MS = 60_000;

/** Returns a function that logs with its first call, and then at most once a minute, with the number of calls since the last line. */
export function oncePerMinute(log: (count: number) => void): () => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    count++;
    const now = performance.now();
    if (now - lastAt < MINUTE_MS) return;
    lastAt = now;
    log(count);
    count = 0;
  };
}
