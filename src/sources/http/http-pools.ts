// Only its pool: the rest of undici (fetch, WebSocket, caches) is most of its code, loaded and kept at every start.
import Pool from 'undici/lib/dispatcher/pool.js';

/** Connections kept to one origin at most; further calls wait for a free one, and their timeout runs meanwhile. */
const DEFAULT_CONNECTIONS = 256;
/** Below the 5 s after which Node's and many other servers close an idle connection, so that we let go first. */
const IDLE_CONNECTION_MS = 4_000;

interface SharedPool {
  readonly pool: Pool;
  users: number;
}

/** One connection pool for each origin, shared by every source of that origin and closed when the last one lets go. */
export interface HttpPools {
  acquire(origin: string, connections?: number): Pool;
  /** Resolves at once while others use the pool, otherwise when what is in flight on it is answered. */
  release(origin: string): Promise<void>;
}

/**
 * Keeps the pools of one process. A new schema's sources acquire before the old ones release, so connections to
 * origins that stay are never torn down by a schema change.
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
    // Each call has one deadline of its own over its whole life (see http-call.ts); undici's timers would be a second.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
