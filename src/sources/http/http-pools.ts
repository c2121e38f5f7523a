import { ConnectionShare } from './connection-share.ts';
import type { Connections } from './connections.ts';
import { DEFAULT_POOL, type PoolSettings } from './http-pool.ts';
import { openConnections } from './open-connections.ts';

interface Shared<T> {
  readonly value: T;
  users: number;
}

interface Part {
  readonly connections: Connections;
  /** The key of the connections of the origin that it is a part of. */
  readonly origin: string;
}

/**
 * The connections of each subgraph to each origin. Subgraphs behind one origin, such as an ingress, share connections of the same
 * settings, each up to its own limit: when one of them hangs, its calls occupy no more than that.
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
 * connections to origins that stay. The first source of a subgraph at an origin sets the number of connections.
 */
export function createHttpPools(): HttpPools {
  const origins = new SharedValues<Connections>();
  const parts = new SharedValues<Part>();
  return {
    acquire(subgraph, origin, settings = {}) {
      return parts.acquire(`${origin} ${subgraph}`, () => {
        const isOwn = usesOwnConnections(settings);
        const key = isOwn ? `${origin} ${subgraph}` : `${origin} ${JSON.stringify(shareable(settings))}`;
        const opened = isOwn ? settings : { ...shareable(settings), connections: UNLIMITED };
        const all = origins.acquire(key, () => openConnections(origin, opened));
        // over HTTP/2, a connection has many calls
        if (settings.http2 !== undefined) return { connections: all, origin: key };
        // also before connections of its own: a call that is cancelled while it waits in a pool keeps its place there
        const { connections = DEFAULT_POOL.connections, queue = DEFAULT_POOL.queue } = settings;
        return { connections: new ConnectionShare(all, connections, queue), origin: key };
      }).connections;
    },
    async release(subgraph, origin) {
      const part = parts.release(`${origin} ${subgraph}`);
      if (part === undefined) return;
      // a share waits for its own calls, and is not waited for by those of others
      if (part.connections instanceof ConnectionShare) await part.connections.close();
      await origins.release(part.origin)?.close();
    },
  };
}

/** Each share has a limit. */
const UNLIMITED = 1_000_000;

/**
 * Certificates and look-ups are those of a subgraph, and HTTP/2 sends several calls over one connection. A number of connections that is
 * not the default is meant exactly: a share counts calls, and a connection is free a moment after its call has ended.
 */
function usesOwnConnections({ tls, lookup, http2, connections = DEFAULT_POOL.connections }: PoolSettings): boolean {
  const isDefault = connections === DEFAULT_POOL.connections;
  return tls !== undefined || lookup !== undefined || http2 !== undefined || !isDefault;
}

function shareable({ connections: _, queue: __, ...settings }: PoolSettings): PoolSettings {
  return settings;
}

class SharedValues<T> {
  readonly #values = new Map<string, Shared<T>>();

  acquire(key: string, open: () => T): T {
    let shared = this.#values.get(key);
    if (!shared) {
      shared = { value: open(), users: 0 };
      this.#values.set(key, shared);
    }
    shared.users++;
    return shared.value;
  }

  /** Returns the value when it has no more users. */
  release(key: string): T | undefined {
    const shared = this.#values.get(key);
    if (!shared || --shared.users > 0) return undefined;
    this.#values.delete(key);
    return shared.value;
  }
}
