import { OriginPool, type PoolSettings } from './origin-pool.ts';

interface SharedPool {
  readonly pool: OriginPool;
  users: number;
}

/** One connection pool for each origin and timeout for connections. All their sources share it; it closes when the last one releases it. */
export interface HttpPools {
  acquire(origin: string, settings?: PoolSettings): OriginPool;
  /** Resolves at once while others use the pool, otherwise after its requests in flight have completed. */
  release(origin: string, settings?: PoolSettings): Promise<void>;
}

/**
 * Creates the pools of one process. Sources of a new schema acquire before the old ones release, so a schema change keeps
 * connections to origins that stay. The first source of an origin sets the number of connections.
 */
export function createHttpPools(): HttpPools {
  const pools = new Map<string, SharedPool>();
  return {
    acquire(origin, settings = {}) {
      const key = keyOf(origin, settings);
      let shared = pools.get(key);
      if (!shared) {
        shared = { pool: new OriginPool(origin, settings), users: 0 };
        pools.set(key, shared);
      }
      shared.users++;
      return shared.pool;
    },
    async release(origin, settings = {}) {
      const key = keyOf(origin, settings);
      const shared = pools.get(key);
      if (!shared || --shared.users > 0) return;
      pools.delete(key);
      await shared.pool.close();
    },
  };
}

function keyOf(origin: string, { connectTimeoutMs }: PoolSettings): string {
  return `${origin} ${connectTimeoutMs ?? ''}`;
}
