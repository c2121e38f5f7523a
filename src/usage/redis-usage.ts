import type { SharedRedis } from '../store/redis.ts';
import { joinOther, periodOf, type UsageBounds } from './memory-usage.ts';
import {
  DAY_MS,
  OTHER_ID,
  sumUses,
  type UsageReport,
  type UsageStore,
  type UseCount,
  type UsedOperation,
  useKey,
} from './usage-report.ts';

const SECONDS_PER_DAY = DAY_MS / 1_000;

/** The members of a hash before the key: a count, and when it was last raised. */
const COUNT = 'n';
const LAST = 't';

/**
 * Creates a store in Redis, which the processes of several gateways can share: their counts add up. Each day is a hash with a time to
 * live, and each operation a text that lives as long as it is used.
 */
export function redisUsage(redis: SharedRedis, { retentionMs, maxEntries, now = Date.now }: UsageBounds): UsageStore {
  const name = (part: string) => `${redis.prefix}:usage:${part}`;
  const lifetime = Math.ceil(retentionMs / 1_000) + SECONDS_PER_DAY;

  /** Returns the counts, with those of combinations beyond the bound as `other`. */
  async function withinBound(day: string, counts: readonly UseCount[]): Promise<UseCount[]> {
    const keys = counts.map(({ operation, ...client }) => COUNT + useKey(operation.id, client));
    const [size, known] = await redis.run(
      (client) => Promise.all([client.hlen(day), client.hmget(day, ...keys)]),
      redis.requiredMs,
    );
    let free = maxEntries - size / 2;
    return counts.map((one, index) => {
      if (known[index] !== null || free-- > 0) return one;
      const { count, last, operation } = one;
      return { operation: { ...operation, id: OTHER_ID }, count, last };
    });
  }

  return {
    async add(counts) {
      const day = name(`${Math.floor(now() / DAY_MS)}`);
      const bounded = await withinBound(day, counts);
      await redis.run(async (client) => {
        const commands = client.pipeline().set(name('since'), now(), 'NX');
        for (const { operation, count, last, ...by } of bounded) {
          const key = useKey(operation.id, by);
          commands.hincrby(day, COUNT + key, count).hset(day, LAST + key, last);
          if (operation.id === OTHER_ID) {
            for (const coordinate of operation.used) commands.sadd(name('other:used'), coordinate);
            for (const coordinate of operation.possible) commands.sadd(name('other:possible'), coordinate);
          } else commands.set(name(`operation:${operation.id}`), JSON.stringify(operation), 'EX', lifetime);
        }
        for (const key of ['other:used', 'other:possible']) commands.expire(name(key), lifetime);
        const replies = await commands.expire(day, lifetime).expire(name('since'), lifetime).exec();
        for (const [error] of replies ?? []) if (error) throw error;
      }, redis.requiredMs);
    },
    async read(): Promise<UsageReport> {
      const today = Math.floor(now() / DAY_MS);
      const first = Math.floor((now() - retentionMs) / DAY_MS);
      const counts: (readonly [string, number, number])[] = [];
      for (let day = first; day <= today; day++) {
        const hash = await redis.run((client) => client.hgetall(name(`${day}`)), redis.requiredMs);
        for (const [field, count] of Object.entries(hash)) {
          const key = field.slice(1);
          if (field.startsWith(COUNT)) counts.push([key, Number(count), Number(hash[LAST + key] ?? 0)]);
        }
      }
      const operations = await readOperations(redis, name, counts);
      const since = Number((await redis.run((client) => client.get(name('since')), redis.requiredMs)) ?? now());
      return {
        ...periodOf(since, now(), retentionMs),
        overflowed: operations.has(OTHER_ID),
        operations: sumUses(operations, counts),
      };
    },
  };
}

/** How many operations are read with one command. */
const BATCH = 200;

async function readOperations(
  redis: SharedRedis,
  name: (part: string) => string,
  counts: readonly (readonly [string, number, number])[],
): Promise<Map<string, UsedOperation>> {
  const ids = [...new Set(counts.map(([key]) => (JSON.parse(key) as string[])[0] ?? ''))];
  const operations = new Map<string, UsedOperation>();
  if (ids.includes(OTHER_ID)) {
    const members = (part: string) => redis.run((client) => client.smembers(name(part)), redis.requiredMs);
    const other = { used: await members('other:used'), possible: await members('other:possible') };
    operations.set(OTHER_ID, joinOther(undefined, other));
  }
  const known = ids.filter((id) => id !== OTHER_ID);
  for (let at = 0; at < known.length; at += BATCH) {
    const keys = known.slice(at, at + BATCH).map((id) => name(`operation:${id}`));
    const texts = await redis.run((client) => client.mget(...keys), redis.requiredMs);
    for (const text of texts) {
      if (text === null) continue;
      const operation = JSON.parse(text) as UsedOperation;
      operations.set(operation.id, operation);
    }
  }
  return operations;
}
