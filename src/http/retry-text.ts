const SHORTEST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;

/** Returns what says to a client of server-sent events how long a client waits before it connects again: not all of them the same time. */
export function retryText(): string {
  const wait = SHORTEST_RETRY_MS + Math.random() * (LONGEST_RETRY_MS - SHORTEST_RETRY_MS);
  return `retry: ${Math.round(wait)}\n\n`;
}
