// Only the pool: the rest of undici (fetch, WebSocket, caches) is most of its code, and would be loaded at every start.
import Pool from 'undici/lib/dispatcher/pool.js';

/** The most connections to one origin. Further calls wait for a free one; the wait counts towards their timeout. */
const DEFAULT_CONNECTIONS = 256;
/** Below the 5 s after which Node's and many other servers close an idle connection, so that the gateway closes it first. */
const IDLE_CONNECTION_MS = 4_000;

interface SharedPool {
  readonly pool: Pool;
  users: number;
}

/** One connection pool for each origin. All sources of that origin share it; it closes when the last one releases it. */
export interface HttpPools {
  acquire(origin: string, connections?: number): Pool;
  /** Resolves at once while others use the pool, otherwise after its requests in flight have completed. */
  release(origin: string): Promise<void>;
}

/**
 * Creates the pools of one process. Sources of a new schema acquire before the old ones release, so a schema change keeps
 * connections to origins that stay.
 */
export function createHttpPools(): HttpPools {
  const pools = new Map<string, SharedPool>();
  return {
    acquire(origin, connections = DEFAULT_CONNECTIONS) {
      let shared = pools.get(origin);
      if (!shared) {
        shared = { pool: openPool(origin, connections), users: 0 };
        pools.set(origin, shared);
      }
      shared.users++;
      return shared.pool;
    },
    async release(origin) {
      const shared = pools.get(origin);
      if (!shared || --shared.users > 0) return;
      pools.delete(origin);
      await shared.pool.close();
    },
  };
}

function openPool(origin: string, connections: number): Pool {
  return new Pool(origin, {
    connections,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    // Each call has its own deadline (see http-call.ts); undici's timers would be a second one.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
