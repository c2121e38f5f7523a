/**
 * Returns whether a call that was cancelled had waited for at least half of one of its timeouts. Such a call speaks against its source; one
 * that was sent shortly before the end does not.
 */
export function hasWaitedLong(ms: number, ...timeouts: readonly (number | undefined)[]): boolean {
  return timeouts.some((timeout) => timeout !== undefined && ms >= timeout / 2);
}
