import type { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import { withDeadline } from '../shared/deadline.ts';
import { startBudget } from '../shared/response-budget.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createBreakers } from './breakers.ts';

/** What commands are sent with: one server, or a cluster of them. */
export type RedisClient = Redis | Cluster;

/** Redis did not answer within the budget, or is known to be away. Whoever asked goes on without it. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** Milliseconds that were waited for an answer, where it is that which did not come. */
  readonly waitedMs: number | undefined;

  constructor(message: string, { waitedMs, ...options }: ErrorOptions & { waitedMs?: number } = {}) {
    super(message, options);
    this.waitedMs = waitedMs;
  }
}

/** The Redis that all processes share, so guarded that nothing waits for it longer than its budget. */
export interface SharedRedis {
  /** What every key begins with, in braces: on a cluster all keys with the same braces live on one node. */
  readonly prefix: string;
  /** Whether commands are sent just now. */
  readonly available: boolean;
  /** `store.redis.required_timeout`: the budget of commands without whose answer a request cannot be answered. */
  readonly requiredMs: number;
  /**
   * Throws `StoreUnavailable` when the answer is not there after `budgetMs` (by default `store.redis.timeout`), counted from when
   * the command is written, without the time in which this process could not read.
   */
  run<T>(command: (client: RedisClient) => Promise<T>, budgetMs?: number): Promise<T>;
  /** Loads a script when it is first called, and afterwards calls it by its digest. */
  script<T>(name: string, lua: string): (keys: readonly string[], args: readonly (string | number)[]) => Promise<T>;
  close(): Promise<void>;
}

export type SharedRedisSettings = Omit<RedisSettings, 'required_timeout'> & {
  /** By default as long as `timeout`. */
  readonly required_timeout?: number;
};

/** How long the start of the gateway waits for a first connection, in milliseconds. */
const FIRST_CONNECTION_MS = 1_000;

/**
 * Connects to Redis, and again whenever the connection is lost. Resolves also when there is no connection yet: the
 * gateway starts without Redis, too.
 */
export async function createRedis(settings: SharedRedisSettings, logger: Logger): Promise<SharedRedis> {
  // late, and a file of its own: the bundle gives names to what is imported at the top of a file, and only there
  const { openClient } = await import('./open-client.ts');
  const client = openClient(settings, FIRST_CONNECTION_MS);
  const breakers = createBreakers({ onChange: (open, reason) => logState(logger, open, reason) });
  client.on('error', (error: Error) => logger.debug({ reason: error.message }, 'Redis connection'));
  await firstConnection(client);
  if (client.status !== 'ready') breakers.open(settings.timeout, 'There is no connection.');

  async function run<T>(command: (client: RedisClient) => Promise<T>, budgetMs = settings.timeout): Promise<T> {
    const refused = breakers.refusal(budgetMs);
    if (refused !== undefined) throw new StoreUnavailable(`Redis is away: ${refused}`);
    const startedAt = breakers.anyOpen ? performance.now() : undefined;
    try {
      const result = await withBudget(command(client), budgetMs);
      breakers.succeeded(budgetMs, startedAt === undefined ? undefined : performance.now() - startedAt);
      return result;
    } catch (error) {
      // Redis answered that the command is wrong: it is there, and we are at fault
      if (isRedisReply(error)) throw error;
      const unavailable =
        error instanceof StoreUnavailable ? error : new StoreUnavailable(reasonOf(error), { cause: error });
      breakers.failed(budgetMs, unavailable.message);
      throw unavailable;
    }
  }

  return {
    prefix: `{${settings.key_prefix}}`,
    requiredMs: settings.required_timeout ?? settings.timeout,
    get available() {
      return !breakers.anyOpen && client.status === 'ready';
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
  const connected = client.connect().catch(() => {});
  await withDeadline(connected, FIRST_CONNECTION_MS, () => {});
}

function withBudget<T>(work: Promise<T>, budgetMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = startBudget(budgetMs, () => {
      reject(new StoreUnavailable(`Redis did not answer within ${budgetMs} ms.`, { waitedMs: budgetMs }));
    });
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error) => {
        cancel();
        reject(error);
      },
    );
  });
}

/** What ioredis says of commands that it cannot send is about its own options. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /enableOfflineQueue|maxRetriesPerRequest/.test(text) ? 'There is no connection.' : text;
}

function isRedisReply(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false;
  // these say that the server, though it answers, cannot serve just now
  return !/^(LOADING|CLUSTERDOWN|MASTERDOWN|READONLY|OOM|BUSY|TRYAGAIN|NOAUTH|MISCONF)\b/.test(error.message);
}

function logState(logger: Logger, open: boolean, reason: string | undefined): void {
  if (open) logger.warn({ reason }, 'Redis is away: the gateway goes on without it, and tries again by itself');
  else logger.info({}, 'Redis is back');
}
