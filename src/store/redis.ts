import type { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import { withDeadline } from '../shared/deadline.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createBreakers } from './breakers.ts';
import { withoutArguments, withoutArgumentTexts } from './redis-reply.ts';

/** A client of one server or of a cluster. */
export type RedisClient = Redis | Cluster;

/** Thrown when Redis did not respond within the budget, or is known to be unavailable. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** Milliseconds waited, if the response was late. */
  readonly waitedMs: number | undefined;

  constructor(message: string, { waitedMs, ...options }: ErrorOptions & { waitedMs?: number } = {}) {
    super(message, options);
    this.waitedMs = waitedMs;
  }
}

/** Calls a script. */
export type RedisScript<T> = (keys: readonly string[], args: readonly (string | number)[]) => Promise<T>;

/** The Redis that all processes share. No caller waits for it longer than its budget. */
export interface SharedRedis {
  /** The prefix of every key, in braces: a cluster stores all keys with the same hash tag on one node. */
  readonly prefix: string;
  /**
   * Prefixes of keys that need not be on one node: several for a cluster, the same in all processes. All keys with one of them are on
   * one node, and a command has only such keys.
   */
  readonly shards: readonly string[];
  /** Whether commands are sent at the moment. */
  readonly available: boolean;
  /** `store.redis.timeout`: the budget of commands by default. */
  readonly commandMs: number;
  /** `store.redis.required_timeout`: the budget of commands that a request cannot do without. */
  readonly requiredMs: number;
  /**
   * Runs a command. Rejects with `StoreUnavailable` if there is no response after `budgetMs` (default: `store.redis.timeout`). The
   * time counts from when the command is written, without periods in which this process could not read.
   */
  run<T>(command: (client: RedisClient) => Promise<T>, budgetMs?: number): Promise<T>;
  /** Returns a function that calls a script: by its text the first time, then by its digest. */
  script<T>(name: string, lua: string): RedisScript<T>;
  close(): Promise<void>;
}

export type SharedRedisSettings = Omit<RedisSettings, 'required_timeout'> & {
  /** Default: `timeout`. */
  readonly required_timeout?: number;
};

/** More than most clusters have nodes. What concerns all shards needs a command for each of them. */
const SHARDS = 16;
/** Time that the start waits for a first connection, in milliseconds. */
const FIRST_CONNECTION_MS = 1_000;

/**
 * Connects to Redis, and reconnects when the connection is lost. Also resolves without a connection: the gateway starts without
 * Redis, too.
 */
export async function createRedis(settings: SharedRedisSettings, logger: Logger): Promise<SharedRedis> {
  // imported late and from its own file: the bundler names only what is imported at the top of a file
  const { openClient } = await import('./open-client.ts');
  const client = openClient(settings, FIRST_CONNECTION_MS);
  const breakers = createBreakers({ onChange: (open, reason) => logState(logger, open, reason) });
  client.on('error', (error: Error) =>
    logger.debug({ reason: withoutArgumentTexts(error.message) }, 'Redis connection'),
  );
  await firstConnection(client);
  if (client.status !== 'ready') breakers.open(settings.timeout, 'There is no connection.');

  async function run<T>(command: (client: RedisClient) => Promise<T>, budgetMs = settings.timeout): Promise<T> {
    const refused = breakers.refusal(budgetMs);
    if (refused !== undefined) throw new StoreUnavailable(`Redis unavailable: ${refused}`);
    const startedAt = breakers.anyOpen ? performance.now() : undefined;
    try {
      const result = await withDeadline(command(client), budgetMs, () => failLate(budgetMs));
      breakers.succeeded(budgetMs, startedAt === undefined ? undefined : performance.now() - startedAt);
      return result;
    } catch (error) {
      // Redis rejected the command itself: it is available, and the error is ours
      if (isRedisReply(error)) throw withoutArguments(error);
      const unavailable =
        error instanceof StoreUnavailable ? error : new StoreUnavailable(reasonOf(error), { cause: error });
      breakers.failed(budgetMs, unavailable.message);
      throw unavailable;
    }
  }

  return {
    prefix: `{${settings.key_prefix}}`,
    shards: shardsOf(settings),
    commandMs: settings.timeout,
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

function shardsOf({ cluster, key_prefix: prefix }: SharedRedisSettings): string[] {
  if (cluster === undefined) return [`{${prefix}}`];
  return Array.from({ length: SHARDS }, (_, shard) => `{${prefix}:${shard}}`);
}

async function firstConnection(client: RedisClient): Promise<void> {
  const connected = client.connect().catch(() => {});
  await withDeadline(connected, FIRST_CONNECTION_MS, () => {});
}

function failLate(budgetMs: number): never {
  throw new StoreUnavailable(`Redis did not respond within ${budgetMs} ms.`, { waitedMs: budgetMs });
}

/** Returns the reason of a failure. For commands that cannot be sent, ioredis names its own options instead. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /enableOfflineQueue|maxRetriesPerRequest/.test(text) ? 'There is no connection.' : withoutArgumentTexts(text);
}

/** Whether Redis responded that it rejects a command, as it is: it will reject it again. */
export function isRedisReply(error: unknown): error is Error {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false;
  // these mean that the server responds, but cannot serve at the moment
  return !/^(LOADING|CLUSTERDOWN|MASTERDOWN|READONLY|OOM|BUSY|TRYAGAIN|NOAUTH|MISCONF)\b/.test(error.message);
}

function logState(logger: Logger, open: boolean, reason: string | undefined): void {
  if (open) logger.warn({ reason }, 'Redis unavailable; continuing without it until it responds again');
  else logger.info({}, 'Redis available again');
}
