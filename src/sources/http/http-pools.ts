import type { Connections } from './connections.ts';
import type { PoolSettings } from './http-pool.ts';
import { openConnections } from './open-connections.ts';

interface SharedPool {
  readonly pool: Connections;
  users: number;
}

/**
 * One connection pool for each subgraph and origin. Subgraphs behind one origin, such as an ingress, have a pool each: when one of them
 * hangs, its calls occupy its own connections only.
 */
export interface HttpPools {
  /**
   * @param subgraph the subgraph, or a part of it with connections of its own
   * @param settings apply when the pool is opened, which the first user of it does
   */
  acquire(subgraph: string, origin: string, settings?: PoolSettings): Connections;
  /** Resolves at once while others use the pool, otherwise after its requests in flight have completed. */
  release(subgraph: string, origin: string): Promise<void>;
}

/**
 * Creates the pools of one process. Sources of a new schema acquire before the old ones release, so a schema change keeps
 * connections to origins that stay. The first source of an origin sets the number of connections.
 */
export function createHttpPools(): HttpPools {
  const pools = new Map<string, SharedPool>();
  return {
    acquire(subgraph, origin, settings) {
      const key = keyOf(subgraph, origin);
      let shared = pools.get(key);
      if (!shared) {
        shared = { pool: openConnections(origin, settings), users: 0 };
        pools.set(key, shared);
      }
      shared.users++;
      return shared.pool;
    },
    async release(subgraph, origin) {
      const key = keyOf(subgraph, origin);
      const shared = pools.get(key);
      if (!shared || --shared.users > 0) return;
      pools.delete(key);
      await shared.pool.close();
    },
  };
}

/** An origin has no space. */
function keyOf(subgraph: string, origin: string): string {
  return `${origin} ${subgraph}`;
}
