import * as z from 'zod';
import { duration } from '../duration.ts';

export const redisUrl = z
  .url({ protocol: /^rediss?$/, message: 'expected a redis:// or rediss:// URL' })
  .describe('The URL of Redis: redis://[USER:PASSWORD@]HOST:PORT[/DB], or rediss:// with TLS (env: REDIS_URL)');

const redis = z
  .strictObject({
    url: redisUrl.optional(),
    cluster: z
      .array(redisUrl)
      .min(1)
      .optional()
      .describe('Some nodes of a Redis Cluster, instead of `url`; the other nodes are discovered'),
    key_prefix: z
      .string()
      .regex(/^[\w.:-]+$/, 'expected letters, digits, "_", ".", ":" and "-"')
      .default('headgate')
      .describe('The prefix of every key, so that several gateways can use one Redis without sharing state'),
    timeout: duration
      .prefault('50ms')
      .describe(
        'Time limit of commands that the gateway can do without, such as a look-up in a cache; after it, the gateway continues as if Redis were unavailable. For rate limits it is `rate_limits.store_timeout`',
      ),
    required_timeout: duration
      .prefault('1500ms')
      .describe('Time limit of commands that a request cannot do without: idempotency keys, login sessions, API keys'),
  })
  .refine(({ url, cluster }) => (url === undefined) !== (cluster === undefined), 'expected either `url` or `cluster`');

export const storeSection = z
  .strictObject({ redis: redis.optional().describe('A Redis that all processes of the gateway share') })
  .describe('State that processes of the gateway share; in memory by default');

export type RedisSettings = z.output<typeof redis>;

/** Returns the settings with another URL in place of the configured one; `undefined` if `url` is not a Redis URL. */
export function withRedisUrl(settings: RedisSettings | undefined, url: string): RedisSettings | undefined {
  const { cluster: _, ...others } = settings ?? redis.parse({ url: 'redis://127.0.0.1' });
  return redisUrl.safeParse(url).success ? { ...others, url } : undefined;
}
