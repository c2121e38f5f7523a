import cluster from 'node:cluster';
import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';

const NEEDS_REDIS = 'set it, with "store.redis.url" (or the environment variable REDIS_URL) to say where Redis is';

/** Throws `ConfigValueError` for login sessions in memory, which several processes cannot share. */
export function checkSessions({ login }: Pick<Config, 'login'>): void {
  for (const [client, { session }] of Object.entries(login)) {
    if (session.store === 'redis') continue;
    const message =
      `login.${client}.session.store: "memory" does not work with several processes, because each would have its own sessions. ` +
      'Set it to "redis", with keys in "session.keys", and set "store.redis.url" (or the environment variable REDIS_URL); or ' +
      'start without --workers.';
    throw new ConfigValueError(message);
  }
}

/** Throws `ConfigValueError` for event streams whose requests could reach a process that does not have them. */
export function checkSingleConnection({ enabled }: Pick<Config['subscription']['single_connection'], 'enabled'>): void {
  if (enabled !== true || !cluster.isWorker) return;
  const message =
    'subscription.single_connection.enabled: "true" does not work with several processes, because the requests of one client ' +
    'could reach a process that does not have its event stream. Leave it out, or start without --workers.';
  throw new ConfigValueError(message);
}

/**
 * Throws `ConfigValueError` for settings that need state shared between processes when there is none: under another process
 * manager.
 */
export function checkSeparateProcesses(config: Config, hasIdempotentEndpoints: boolean): void {
  const { bff, rate_limits, store } = config;
  const reason = 'this process is a worker of another program, and others may serve beside it';
  if (hasIdempotentEndpoints && !bff.redis) {
    throw new ConfigValueError(
      `bff.redis: ${reason}, so that an Idempotency-Key could be used once in each: ${NEEDS_REDIS}.`,
    );
  }
  if (config.subscription.mode.callback && !store.redis) {
    throw new ConfigValueError(
      `subscription.mode.callback: ${reason}, so that callbacks could reach a process that does not have the subscription: set ` +
        '"store.redis.url" (or the environment variable REDIS_URL).',
    );
  }
  const counted = store.redis !== undefined && rate_limits.store !== 'memory';
  if (rate_limits.on_store_failure === 'fail_closed' && !counted) {
    throw new ConfigValueError(
      `rate_limits.on_store_failure: ${reason}, so that "fail_closed" cannot be guaranteed: set "store.redis.url" (or the ` +
        'environment variable REDIS_URL), and leave "rate_limits.store" out.',
    );
  }
}
