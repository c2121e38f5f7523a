import type { SubgraphResponse } from '../sources/source.ts';

/** Returns when a response arrived: as its source says, or now. */
export function receivedAt(response: SubgraphResponse, now: () => number = monotonicNow): number {
  return response.kind === 'text' && response.receivedAt !== undefined ? response.receivedAt : now();
}

export function monotonicNow(): number {
  return performance.now();
}
