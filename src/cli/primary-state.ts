import { LRUCache } from 'lru-cache';
import { createMemoryKeyStore } from '../bff/idempotency/idempotency.ts';
import type { Config } from '../config/config.ts';
import type { Failures } from '../policy/authentication/failed-attempts.ts';
import { registeredDocuments } from '../policy/persisted/registered-documents.ts';
import { createMemoryLimiter } from '../policy/rate-limits/memory-limiter.ts';
import { memoryUsage } from '../usage/memory-usage.ts';
import type { CallHandlers, Calls } from './process-calls.ts';

/** The handlers by which workers access the state in the primary. */
export type StateHandlers = Required<
  Pick<
    CallHandlers,
    | 'claimKey'
    | 'getKey'
    | 'finishKey'
    | 'releaseKey'
    | 'countLimits'
    | 'getDocument'
    | 'setDocument'
    | 'addFailure'
    | 'addUsage'
    | 'readUsage'
  >
>;

type Change = Calls['failuresChanged']['given'];

/**
 * Creates the state that workers share, in the memory of the primary: idempotency keys, rate limits, registered documents and
 * failed attempts.
 * @param announce sends a changed count of failures to every worker
 */
export function primaryState(
  { apq, usage }: Pick<Config, 'apq' | 'usage'>,
  announce: (change: Change) => void,
): StateHandlers {
  const keys = createMemoryKeyStore();
  const limiter = createMemoryLimiter();
  const documents = registeredDocuments({ ...apq, store: 'memory' }, undefined);
  const addFailure = failureCounter();
  const used = memoryUsage({ retentionMs: usage.retention, maxEntries: usage.max_entries });
  return {
    claimKey: async ({ key, remembered, ms }) => ({ known: await keys.claim(key, remembered, ms) }),
    getKey: async (key) => ({ known: await keys.get(key) }),
    async finishKey({ key, remembered, ms }) {
      await keys.finish(key, remembered, ms);
      return true;
    },
    async releaseKey(key) {
      await keys.release(key);
      return true;
    },
    countLimits: async (question) => limiter.check(question),
    getDocument: async (hash) => ({ query: await documents.get(hash) }),
    async setDocument({ hash, query }) {
      documents.set(hash, query);
      return true;
    },
    async addUsage(counts) {
      await used.add(counts);
      return true;
    },
    readUsage: () => used.read(),
    async addFailure({ scope, group, windowMs }) {
      const sum = addFailure(`${scope} ${group}`, windowMs);
      // before the response: a worker reads this message before the request that the client sends next
      announce({ scope, group, sum });
      return sum;
    },
  };
}

const MOST_ADDRESSES = 100_000;

/** Counts failures per key, in windows that begin with the first failure. */
function failureCounter(): (key: string, windowMs: number) => Failures {
  const tallies = new LRUCache<string, { count: number; readonly until: number }>({ max: MOST_ADDRESSES });
  return (key, windowMs) => {
    const now = performance.now();
    let tally = tallies.get(key);
    if (tally === undefined || tally.until <= now) {
      tally = { count: 0, until: now + windowMs };
      tallies.set(key, tally);
    }
    tally.count++;
    return { count: tally.count, leftMs: tally.until - now };
  };
}
