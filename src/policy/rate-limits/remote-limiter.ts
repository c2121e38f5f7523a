import { StoreUnavailable } from '../../store/redis.ts';
import type { LimitDecisions, Limiter, LimitQuery } from './limiter.ts';

/** Counts in another process. Rejects with `StoreUnavailable` when that does not answer. */
export type RemoteCount = (question: LimitQuery) => Promise<LimitDecisions>;

/** Counts where one process counts for several; `otherwise` decides while that one does not answer. */
export function createRemoteLimiter(count: RemoteCount, otherwise: Limiter): Limiter {
  return {
    async ask(question) {
      try {
        return await count(question);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        return otherwise.ask(question);
      }
    },
  };
}
