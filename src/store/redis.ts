import type { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createBreaker } from './breaker.ts';

/** What commands are sent with: one server, or a cluster of them. */
export type RedisClient = Redis | Cluster;

/** Redis did not answer within the budget, or is known to be away. Whoever asked goes on without it. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The Redis that all processes share, so guarded that nothing waits for it longer than its budget. */
export interface SharedRedis {
  /** What every key begins with, in braces: on a cluster all keys with the same braces live on one node. */
  readonly prefix: string;
  /** Whether commands are sent just now. */
  readonly available: boolean;
  /** Throws `StoreUnavailable` when the answer is not there after `budgetMs` (by default `store.redis.timeout`). */
  run<T>(command: (client: RedisClient) => Promise<T>, budgetMs?: number): Promise<T>;
  /** Loads a script when it is first called, and afterwards calls it by its digest. */
  script<T>(name: string, lua: string): (keys: readonly string[], args: readonly (string | number)[]) => Promise<T>;
  close(): Promise<void>;
}

/** How long the start of the gateway waits for a first connection, in milliseconds. */
const FIRST_CONNECTION_MS = 1_000;

/**
 * Connects to Redis, and again whenever the connection is lost. Resolves also when there is no connection yet: the
 * gateway starts without Redis, too.
 */
export async function createRedis(settings: RedisSettings, logger: Logger): Promise<SharedRedis> {
  // late, and a file of its own: the bundle gives names to what is imported at the top of a file, and only there
  const { openClient } = await import('./open-client.ts');
  const client = openClient(settings, FIRST_CONNECTION_MS);
  const breaker = createBreaker({ onChange: (open) => logState(logger, open) });
  client.on('error', (error: Error) => logger.debug({ reason: error.message }, 'Redis connection'));
  await firstConnection(client);
  if (client.status !== 'ready') for (let tries = 0; !breaker.open && tries < 10; tries++) breaker.failed();

  async function run<T>(command: (client: RedisClient) => Promise<T>, budgetMs = settings.timeout): Promise<T> {
    if (!breaker.allows()) throw new StoreUnavailable('Redis is away.');
    try {
      const result = await withBudget(command(client), budgetMs);
      breaker.succeeded();
      return result;
    } catch (error) {
      // Redis answered that the command is wrong: it is there, and we are at fault
      if (isReply(error)) throw error;
      breaker.failed();
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(String(error), { cause: error });
    }
  }

  return {
    prefix: `{${settings.key_prefix}}`,
    get available() {
      return !breaker.open && client.status === 'ready';
    },
    run,
    script<T>(name: string, lua: string) {
      client.defineCommand(name, { lua });
      const command = (client as unknown as Record<string, (...args: unknown[]) => Promise<T>>)[name];
      return (keys, args) => (command as NonNullable<typeof command>).call(client, keys.length, ...keys, ...args);
    },
    async close() {
      client.disconnect();
    },
  };
}

async function firstConnection(client: RedisClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FIRST_CONNECTION_MS);
  });
  await Promise.race([client.connect().catch(() => {}), late]);
  clearTimeout(timer);
}

function withBudget<T>(work: Promise<T>, budgetMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new StoreUnavailable(`Redis did not answer within ${budgetMs} ms.`)),
      budgetMs,
    );
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

function isReply(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false;
  // these say that the server, though it answers, cannot serve just now
  return !/^(LOADING|CLUSTERDOWN|MASTERDOWN|READONLY|OOM|BUSY|TRYAGAIN|NOAUTH|MISCONF)\b/.test(error.message);
}

function logState(logger: Logger, open: boolean): void {
  if (open) logger.warn({}, 'Redis is away: the gateway goes on without it, and tries again by itself');
  else logger.info({}, 'Redis is back');
}
