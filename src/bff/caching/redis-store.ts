import { type SharedRedis, StoreUnavailable } from '../../store/redis.ts';
import { expiresAt, type ResponseStore, type StoredResponse } from './stored-response.ts';

/** Stores a response until it expires. A tag expires with the last of its responses. */
const SET = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 2, #KEYS do
  redis.call('SADD', KEYS[i], KEYS[1])
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
return 1`;

const PURGE = `
local purged = 0
for i = 1, #KEYS do
  for _, key in ipairs(redis.call('SMEMBERS', KEYS[i])) do purged = purged + redis.call('UNLINK', key) end
  redis.call('UNLINK', KEYS[i])
end
return purged`;

/** Creates a store in Redis, which all processes share. While Redis is unavailable, nothing is cached and nothing fails. */
export function createRedisStore(redis: SharedRedis): ResponseStore {
  const setAnswer = redis.script<number>('headgateBffSet', SET);
  const purgeTags = redis.script<number>('headgateBffPurge', PURGE);
  const responseKey = (key: string) => `${redis.prefix}:bff:answer:${key}`;
  const tagKey = (tag: string) => `${redis.prefix}:bff:tag:${tag}`;
  return {
    async get(key) {
      const bytes = await undefinedIfUnavailable(() => redis.run((client) => client.getBuffer(responseKey(key))));
      return bytes ? decode(bytes) : undefined;
    },
    async set(key, stored) {
      const ttl = Math.max(1, Math.ceil(expiresAt(stored) - stored.storedAt));
      const keys = [responseKey(key), ...stored.tags.map(tagKey)];
      // ioredis sends a Buffer unchanged; the type of scripts only allows strings and numbers
      await undefinedIfUnavailable(() => redis.run(() => setAnswer(keys, [encode(stored) as unknown as string, ttl])));
    },
    async purge(tags) {
      return await redis.run(() => purgeTags(tags.map(tagKey), []));
    },
  };
}

async function undefinedIfUnavailable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    throw error;
  }
}

/** Encodes a response as one line of JSON, then the body. */
function encode({ response, ...times }: StoredResponse): Buffer {
  const { status, headers, etag } = response;
  return Buffer.concat([Buffer.from(`${JSON.stringify({ ...times, status, headers, etag })}\n`), response.body]);
}

function decode(bytes: Buffer): StoredResponse {
  const end = bytes.indexOf('\n');
  const { status, headers, etag, ...times } = JSON.parse(bytes.toString('utf8', 0, end));
  return { ...times, response: { status, headers, etag, body: bytes.subarray(end + 1), encodedBodies: new Map() } };
}
