import type { SharedRedis } from '../store/redis.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * Warns where Redis may evict any key when its memory is full. The sets of tags can then be evicted before the values that have these tags, and
 * an invalidation removes only what is in the sets. Says nothing where Redis does not tell its settings.
 */
export async function warnOfEviction(redis: SharedRedis, logger: Logger): Promise<void> {
  const info = await redis.run((client) => client.info('memory'), redis.requiredMs).catch(() => '');
  const [, policy] = /^maxmemory_policy:(\S+)/m.exec(info) ?? [];
  const hasLimit = /^maxmemory:[1-9]/m.test(info);
  if (!hasLimit || policy === undefined || policy === 'noeviction') return;
  logger.warn(
    { maxmemory_policy: policy },
    'Redis evicts keys when its memory is full, so an invalidation can leave cached values until they expire; set its maxmemory-policy to noeviction',
  );
}
