import * as z from 'zod';
import { duration } from '../duration.ts';

const redisUrl = z
  .url({ protocol: /^rediss?$/, message: 'expected a redis:// or rediss:// URL' })
  .describe('Where Redis is: redis://[USER:PASSWORD@]HOST:PORT[/DB], or rediss:// with TLS (env: REDIS_URL)');

const redis = z
  .strictObject({
    url: redisUrl.optional(),
    cluster: z
      .array(redisUrl)
      .min(1)
      .optional()
      .describe('Some nodes of a Redis Cluster, instead of `url`; the others are found by asking them'),
    key_prefix: z
      .string()
      .regex(/^[\w.:-]+$/, 'expected letters, digits, "_", ".", ":" and "-"')
      .default('headgate')
      .describe('What every key begins with, so that several gateways can share one Redis without sharing state'),
    timeout: duration
      .prefault('50ms')
      .describe(
        'How long a command may take that the gateway can do without, such as a look-up among kept answers; after that it goes on as if Redis were gone. For rate limits it is `rate_limits.store_timeout`',
      ),
    required_timeout: duration
      .prefault('1500ms')
      .describe(
        'How long a command may take without whose answer a request is refused: idempotency keys, sessions of a login, API keys',
      ),
  })
  .refine(({ url, cluster }) => (url === undefined) !== (cluster === undefined), 'expected either `url` or `cluster`');

export const storeSection = z
  .strictObject({ redis: redis.optional().describe('A Redis that all processes of the gateway share') })
  .describe('Where the gateway keeps what several of its processes must agree on; in memory without it');

export type RedisSettings = z.output<typeof redis>;

/** The settings with `url` in force over what they say of the place of Redis; `undefined` when `url` is no Redis URL. */
export function withRedisUrl(settings: RedisSettings | undefined, url: string): RedisSettings | undefined {
  const { cluster: _, ...others } = settings ?? redis.parse({ url: 'redis://127.0.0.1' });
  return redisUrl.safeParse(url).success ? { ...others, url } : undefined;
}
