import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import { steadyNow } from '../shared/steady-clock.ts';
import { type RedisScript, type SharedRedis, StoreUnavailable } from '../store/redis.ts';
import type { CacheStore, Claim, Found, KeyedEntry, Moment, StoreReport, Versioned } from './cache-store.ts';
import { type CacheEntry, expiresAt, isFacts } from './entry.ts';

const compress = promisify(deflateRaw);
const decompress = promisify(inflateRaw);

/**
 * Stores entries, each until it expires, and adds them to the sorted sets of their tags, which expire with the last of their entries.
 * Entries that have expired are removed from these sets, which would only ever grow otherwise. Leaves out what has a tag that was
 * invalidated since the look-up. Where Redis has no memory left, its first write fails, so that must be one that needs memory.
 *
 * Keys: entries, then the sets of tags, then their last invalidations, then their count and where it began. A look-up before that, or
 * after the count, was before Redis lost its data: then nothing is known of invalidations. Arguments: the moment of the look-up, the numbers of entries and of
 * tags; then for each entry its bytes, its time in milliseconds, the number of its tags, and their indices.
 */
const SET = `
local n, m, at = tonumber(ARGV[2]), tonumber(ARGV[3]), 4
local time = redis.call('TIME')
local now, outdated = time[1] * 1000 + math.floor(time[2] / 1000), {}
local count, began = redis.call('GET', KEYS[#KEYS - 1]), redis.call('GET', KEYS[#KEYS])
if not count or not began then return 0 end
if tonumber(count) < tonumber(ARGV[1]) or tonumber(ARGV[1]) < tonumber(began) then return 0 end
for j = 1, m do
  local last = redis.call('GET', KEYS[n + m + j])
  outdated[j] = last and tonumber(last) > tonumber(ARGV[1])
end
for i = 1, n do
  local ttl, count, skip = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), false
  for k = 1, count do skip = skip or outdated[tonumber(ARGV[at + 2 + k])] end
  if not skip then
    redis.call('SET', KEYS[i], ARGV[at], 'PX', ttl)
    for k = 1, count do
      local tag = KEYS[n + tonumber(ARGV[at + 2 + k])]
      redis.call('ZADD', tag, now + ttl, KEYS[i])
      if redis.call('PTTL', tag) < ttl then redis.call('PEXPIRE', tag, ttl) end
    end
  end
  at = at + 3 + count
end
for j = 1, m do redis.call('ZREMRANGEBYSCORE', KEYS[n + j], '-inf', now) end
return 1`;

/**
 * Begins to count invalidations where they are not counted: at the time in microseconds, so that no number returns after Redis has lost its
 * data. Keys: the count of invalidations, and where it began.
 */
const BEGIN = `
if redis.call('EXISTS', KEYS[1], KEYS[2]) < 2 then
  local time = redis.call('TIME')
  local began = string.format('%d%06d', time[1], time[2])
  redis.call('SET', KEYS[1], began)
  redis.call('SET', KEYS[2], began)
end
`;

/** Keys: as of {@link BEGIN}. Returns the count. */
const COUNT = `${BEGIN}return tonumber(redis.call('GET', KEYS[1]))`;

/**
 * Keys: as of {@link BEGIN}, then sets of tags, then their last invalidations. Argument: how long the latter are kept. Redis allows a
 * script that has removed something to write, also where it has no memory left.
 */
const INVALIDATE = `
local m, removed = (#KEYS - 2) / 2, 0
redis.call('UNLINK', KEYS[#KEYS])
${BEGIN}
local moment = redis.call('INCR', KEYS[1])
for j = 1, m do
  redis.call('SET', KEYS[2 + m + j], string.format('%.0f', moment), 'PX', ARGV[1])
  for _, key in ipairs(redis.call('ZRANGE', KEYS[2 + j], 0, -1)) do removed = removed + redis.call('UNLINK', key) end
  redis.call('UNLINK', KEYS[2 + j])
end
return removed`;

/**
 * Keys: names of what is to be refreshed, then the count of invalidations, which is the last reply: -1 where it is missing. Argument: for
 * how long it is claimed.
 */
const CLAIM = `
local replies = {}
for i = 1, #KEYS - 1 do
  replies[i] = redis.call('SET', KEYS[i], '1', 'PX', ARGV[1], 'NX') and 1 or 0
end
replies[#KEYS] = tonumber(redis.call('GET', KEYS[#KEYS]) or '-1')
return replies`;

/** Longer than any fetch takes: what was fetched before an invalidation is not stored after it. */
const REMEMBERED_MS = 600_000;
/** Entries of one script call: Redis runs nothing else meanwhile. */
const BATCH = 100;
const PLAIN = 4;
const COMPRESSED = 5;
/** Bytes before the content: whether it is compressed, and its checksum. */
const HEAD_BYTES = 5;
/** Redis needs a limit that it can read; no entry is used for so long. */
const LONGEST_TTL_MS = 2 ** 41;
/** No value is longer: sources may not respond with more. */
const MOST_BYTES = 2 ** 28;

export interface RedisStoreOptions {
  readonly redis: SharedRedis;
  /** How long a look-up may take. Then the source is asked. */
  readonly timeoutMs: number;
  /** Longer texts are compressed, in bytes. */
  readonly compressFrom: number;
  readonly now?: (() => number) | undefined;
  /** Called when Redis rejects a command: it works, but does not allow what the store needs. */
  readonly onRejected?: ((error: unknown) => void) | undefined;
}

/** A store in Redis, which all processes share. While Redis is unavailable, nothing is cached and nothing fails. */
export class RedisStore implements CacheStore {
  readonly #options: RedisStoreOptions;
  readonly #now: () => number;
  readonly #set: RedisScript<number>;
  readonly #invalidate: RedisScript<number>;
  readonly #claim: RedisScript<number[]>;
  readonly #count: RedisScript<number>;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#now = options.now ?? steadyNow;
    this.#set = options.redis.script('headgateCacheSet', SET);
    this.#invalidate = options.redis.script('headgateCacheInvalidate', INVALIDATE);
    this.#claim = options.redis.script('headgateCacheClaim', CLAIM);
    this.#count = options.redis.script('headgateCacheCount', COUNT);
  }

  async get(keys: readonly string[]): Promise<Found> {
    const entries: (CacheEntry | undefined)[] = keys.map(() => undefined);
    const shared = new Map<number, number>();
    const lookUps = [...this.#byShard(keys, (key) => key)].map(async ([shard, places]) => {
      const own = places.map((place) => this.#key(shard, 'entry', keys[place] as string));
      const found = await this.#read(shard, own);
      if (found === undefined) return;
      if (found.moment !== undefined) shared.set(shard, found.moment);
      const decoded = await Promise.all(found.values.map((bytes) => bytes && decode(bytes)));
      const now = this.#now();
      for (const [index, place] of places.entries()) {
        const entry = decoded[index];
        if (entry && now < expiresAt(entry)) entries[place] = entry;
      }
    });
    await Promise.all(lookUps);
    return { entries, moment: { local: 0, shared } };
  }

  async moment(): Promise<Moment> {
    const shared = new Map<number, number>();
    const lookUps = this.#options.redis.shards.map(async (_, shard) => {
      const found = await this.#read(shard, []);
      if (found?.moment !== undefined) shared.set(shard, found.moment);
    });
    await Promise.all(lookUps);
    return { local: 0, shared };
  }

  /** Reads keys of one shard, and its count of invalidations, which begins where there is none. */
  #read(
    shard: number,
    keys: readonly string[],
  ): Promise<{ readonly values: readonly (Buffer | null)[]; readonly moment: number | undefined } | undefined> {
    const { redis, timeoutMs } = this.#options;
    const counted = this.#counted(shard);
    return this.#ifAvailable(async () => {
      const found = await redis.run((client) => client.mgetBuffer([...keys, ...counted]), timeoutMs);
      const values = found.slice(0, keys.length);
      const [count, began] = found.slice(keys.length);
      if (count && began) return { values, moment: Number(count) };
      return { values, moment: await this.#ifAvailable(() => redis.run(() => this.#count(counted, []), timeoutMs)) };
    });
  }

  async set(entries: readonly KeyedEntry[], { shared }: Moment): Promise<void> {
    for (const [shard, places] of this.#byShard(entries, ([key]) => key)) {
      // without the moment of the look-up, it is unknown whether something was invalidated since
      const moment = shared?.get(shard);
      if (moment === undefined) continue;
      const own = places.map((place) => entries[place] as KeyedEntry);
      for (let from = 0; from < own.length; from += BATCH)
        await this.#setBatch(shard, own.slice(from, from + BATCH), moment);
    }
  }

  async #setBatch(shard: number, entries: readonly KeyedEntry[], moment: number): Promise<void> {
    const tags = [...new Set(entries.flatMap(([, { tags }]) => tags))];
    const places = new Map(tags.map((tag, index) => [tag, index + 1]));
    const args: (string | number | Buffer)[] = [moment, entries.length, tags.length];
    const encoded = await Promise.all(entries.map(([, entry]) => encode(entry, this.#options.compressFrom)));
    for (const [index, [, entry]] of entries.entries()) {
      const ttl = Math.min(LONGEST_TTL_MS, Math.max(1, Math.ceil(expiresAt(entry) - this.#now())));
      const own = entry.tags.map((tag) => places.get(tag) ?? 0);
      args.push(encoded[index] as Buffer, ttl, own.length, ...own);
    }
    const keys = [
      ...entries.map(([key]) => this.#key(shard, 'entry', key)),
      ...tags.map((tag) => this.#key(shard, 'tagged', tag)),
      ...tags.map((tag) => this.#key(shard, 'invalidated', tag)),
      ...this.#counted(shard),
    ];
    // ioredis sends a Buffer unchanged; the type of scripts only allows strings and numbers
    await this.#ifAvailable(() => this.#options.redis.run(() => this.#set(keys, args as (string | number)[])));
  }

  /**
   * Invalidates in all shards. Where there are several, a second time: a value that was still found in one of them may have become part of
   * a response that another one has stored meanwhile.
   */
  async invalidate(tags: readonly string[]): Promise<number> {
    const shards = this.#options.redis.shards.map((_, shard) => shard);
    const first = await Promise.allSettled(shards.map((shard) => this.#invalidateIn(shard, tags)));
    const second = shards.length > 1 ? shards.map((shard) => this.#invalidateIn(shard, tags)) : [];
    const all = [...first, ...(await Promise.allSettled(second))];
    let count = 0;
    for (const result of all) {
      if (result.status === 'rejected') throw result.reason;
      count += result.value;
    }
    return count;
  }

  async #invalidateIn(shard: number, tags: readonly string[]): Promise<number> {
    const { redis } = this.#options;
    const keys = [
      ...this.#counted(shard),
      ...tags.map((tag) => this.#key(shard, 'tagged', tag)),
      ...tags.map((tag) => this.#key(shard, 'invalidated', tag)),
    ];
    return Number(await redis.run(() => this.#invalidate(keys, [REMEMBERED_MS]), redis.requiredMs));
  }

  async claim(entries: readonly Versioned[], ms: number): Promise<Claim> {
    const { redis, timeoutMs } = this.#options;
    const isClaimed = entries.map(() => true);
    const shared = new Map<number, number>();
    const claims = [...this.#byShard(entries, ([key]) => key)].map(async ([shard, places]) => {
      const names = places.map((place) => {
        const [key, { storedAt }] = entries[place] as Versioned;
        return this.#key(shard, 'refresh', hash('sha256', `${storedAt} ${key}`, 'base64url'));
      });
      const [count = ''] = this.#counted(shard);
      const keys = [...names, count];
      const reply = await this.#ifAvailable(() => redis.run(() => this.#claim(keys, [ms]), timeoutMs));
      if (reply === undefined) return;
      for (const [index, place] of places.entries()) isClaimed[place] = reply[index] === 1;
      const moment = reply.at(-1) ?? -1;
      if (moment >= 0) shared.set(shard, moment);
    });
    await Promise.all(claims);
    return { isClaimed, moment: { local: 0, shared } };
  }

  report(): StoreReport {
    return { entries: 0, bytes: 0, tags: [], keys: [] };
  }

  /** Runs a command. Without a usable reply, the store behaves as if it were empty. */
  async #ifAvailable<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) this.#options.onRejected?.(error);
      return undefined;
    }
  }

  /** Returns the places of items by the shards of their keys. */
  #byShard<T>(items: readonly T[], keyOf: (item: T) => string): Map<number, number[]> {
    const { length } = this.#options.redis.shards;
    const groups = new Map<number, number[]>();
    for (const [place, item] of items.entries()) {
      const shard = length === 1 ? 0 : crc32(keyOf(item)) % length;
      const group = groups.get(shard);
      if (group) group.push(place);
      else groups.set(shard, [place]);
    }
    return groups;
  }

  /** Returns the keys of the count of invalidations, and of the number with which it began. */
  #counted(shard: number): string[] {
    const count = `${this.#options.redis.shards[shard]}:cache:invalidations`;
    return [count, `${count}:began`];
  }

  #key(shard: number, kind: 'entry' | 'tagged' | 'invalidated' | 'refresh', name: string): string {
    return `${this.#options.redis.shards[shard]}:cache:${kind}:${name}`;
  }
}

/** Encodes an entry: a byte that says whether the rest is compressed, its checksum, then a line of JSON, then the text. */
async function encode({ text, ...facts }: CacheEntry, compressFrom: number): Promise<Buffer> {
  const plain = Buffer.from(`${JSON.stringify(facts)}\n${text}`);
  const isLong = plain.length >= compressFrom;
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = isLong ? COMPRESSED : PLAIN;
  head.writeUInt32LE(crc32(plain), 1);
  return Buffer.concat([head, isLong ? await compress(plain) : plain]);
}

/** Returns an entry; `undefined` for bytes that are damaged, or of another version of the gateway. */
async function decode(bytes: Buffer): Promise<CacheEntry | undefined> {
  try {
    const [kind] = bytes;
    if (kind !== PLAIN && kind !== COMPRESSED) return undefined;
    const rest = bytes.subarray(HEAD_BYTES);
    const plain = kind === COMPRESSED ? await decompress(rest, { maxOutputLength: MOST_BYTES }) : rest;
    if (crc32(plain) !== bytes.readUInt32LE(1)) return undefined;
    const end = plain.indexOf('\n');
    const facts: unknown = JSON.parse(plain.toString('utf8', 0, end));
    return isFacts(facts) ? { ...facts, text: plain.toString('utf8', end + 1) } : undefined;
  } catch {
    return undefined;
  }
}
