import { StoreUnavailable } from '../../store/redis.ts';
import type { LimitDecisions, Limiter, LimitQuery } from './limiter.ts';

/** Counts in another process. Rejects with `StoreUnavailable` when that process does not respond. */
export type RemoteCount = (query: LimitQuery) => Promise<LimitDecisions>;

/** Creates a limiter that counts in another process; `otherwise` decides while that process does not respond. */
export function createRemoteLimiter(count: RemoteCount, fallback: Limiter): Limiter {
  return {
    async check(query) {
      try {
        return await count(query);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        return fallback.check(query);
      }
    },
  };
}
