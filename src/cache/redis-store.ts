import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import { type SharedRedis, StoreUnavailable } from '../store/redis.ts';
import type { CacheStore, Found, KeyedEntry, Moment, StoreReport } from './cache-store.ts';
import { type CacheEntry, expiresAt } from './entry.ts';

const compress = promisify(deflateRaw);
const decompress = promisify(inflateRaw);

/**
 * Stores entries, each until it expires, and adds them to the sorted sets of their tags, which expire with the last of their entries.
 * Entries that have expired are removed from these sets, which would only ever grow otherwise. Leaves out what has a tag that was
 * invalidated since the look-up.
 *
 * Keys: entries, then the sets of tags, then their last invalidations, then their count. It is lower than at the look-up where Redis has
 * lost its data: then nothing is known of invalidations. Arguments: the moment of the look-up, the numbers of entries and of
 * tags; then for each entry its bytes, its time in milliseconds, the number of its tags, and their indices.
 */
const SET = `
local n, m, at = tonumber(ARGV[2]), tonumber(ARGV[3]), 4
local time = redis.call('TIME')
local now, outdated = time[1] * 1000 + math.floor(time[2] / 1000), {}
if tonumber(redis.call('GET', KEYS[#KEYS]) or '0') < tonumber(ARGV[1]) then return 0 end
for j = 1, m do
  redis.call('ZREMRANGEBYSCORE', KEYS[n + j], '-inf', now)
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
return 1`;

/** Keys: the count of invalidations, then sets of tags, then their last invalidations. Argument: how long the latter are kept. */
const INVALIDATE = `
local m, moment, removed = (#KEYS - 1) / 2, redis.call('INCR', KEYS[1]), 0
for j = 1, m do
  redis.call('SET', KEYS[1 + m + j], moment, 'PX', ARGV[1])
  for _, key in ipairs(redis.call('ZRANGE', KEYS[1 + j], 0, -1)) do removed = removed + redis.call('UNLINK', key) end
  redis.call('UNLINK', KEYS[1 + j])
end
return removed`;

/** Longer than any fetch takes: what was fetched before an invalidation is not stored after it. */
const REMEMBERED_MS = 600_000;
/** Entries of one script call: Redis runs nothing else meanwhile. */
const BATCH = 100;
const PLAIN = 2;
const COMPRESSED = 3;
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
  readonly #set: ReturnType<typeof scriptOf>;
  readonly #invalidate: ReturnType<typeof scriptOf>;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#set = scriptOf(options.redis, 'headgateCacheSet', SET);
    this.#invalidate = scriptOf(options.redis, 'headgateCacheInvalidate', INVALIDATE);
  }

  async get(keys: readonly string[]): Promise<Found> {
    const { redis, timeoutMs } = this.#options;
    const all = [...keys.map((key) => this.#key('entry', key)), this.#count];
    const found = await this.#ifAvailable(() => redis.run((client) => client.mgetBuffer(all), timeoutMs));
    if (found === undefined) return { entries: keys.map(() => undefined), moment: { local: 0 } };
    const now = this.#now();
    const entries = await Promise.all(found.slice(0, -1).map((bytes) => bytes && decode(bytes)));
    const shared = Number(found.at(-1) ?? 0);
    return {
      entries: entries.map((entry) => (entry && now < expiresAt(entry) ? entry : undefined)),
      moment: { local: 0, shared },
    };
  }

  async set(entries: readonly KeyedEntry[], { shared }: Moment): Promise<void> {
    // without the moment of the look-up, it is unknown whether something was invalidated since
    if (shared === undefined) return;
    for (let from = 0; from < entries.length; from += BATCH)
      await this.#setBatch(entries.slice(from, from + BATCH), shared);
  }

  async #setBatch(entries: readonly KeyedEntry[], moment: number): Promise<void> {
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
      ...entries.map(([key]) => this.#key('entry', key)),
      ...tags.map((tag) => this.#key('tagged', tag)),
      ...tags.map((tag) => this.#key('invalidated', tag)),
      this.#count,
    ];
    // ioredis sends a Buffer unchanged; the type of scripts only allows strings and numbers
    await this.#ifAvailable(() => this.#options.redis.run(() => this.#set(keys, args as (string | number)[])));
  }

  async invalidate(tags: readonly string[]): Promise<number> {
    const { redis } = this.#options;
    const keys = [
      this.#count,
      ...tags.map((tag) => this.#key('tagged', tag)),
      ...tags.map((tag) => this.#key('invalidated', tag)),
    ];
    return Number(await redis.run(() => this.#invalidate(keys, [REMEMBERED_MS]), redis.requiredMs));
  }

  async claim(key: string, ms: number): Promise<boolean> {
    const { redis, timeoutMs } = this.#options;
    const name = this.#key('refresh', hash('sha256', key, 'base64url'));
    const reply = await this.#ifAvailable(() =>
      redis.run((client) => client.set(name, '1', 'PX', ms, 'NX'), timeoutMs),
    );
    return reply === 'OK';
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

  get #count(): string {
    return `${this.#options.redis.prefix}:cache:invalidations`;
  }

  #key(kind: 'entry' | 'tagged' | 'invalidated' | 'refresh', name: string): string {
    return `${this.#options.redis.prefix}:cache:${kind}:${name}`;
  }
}

function scriptOf(redis: SharedRedis, name: string, lua: string) {
  return redis.script<number>(name, lua);
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
    return { ...JSON.parse(plain.toString('utf8', 0, end)), text: plain.toString('utf8', end + 1) };
  } catch {
    return undefined;
  }
}
