import type { Logger } from '../telemetry/logger.ts';

/**
 * Logs rejections that nothing handles, which would end the process otherwise: a plugin may start work and not wait for it.
 * @returns what stops that
 */
export function logStrayRejections(logger: Logger): () => void {
  const log = (reason: unknown) => {
    const err = reason instanceof Error ? reason : new Error(String(reason));
    logger.error({ err }, 'a promise was rejected, and nothing handled it; a plugin has to await what it starts');
  };
  process.on('unhandledRejection', log);
  return () => process.off('unhandledRejection', log);
}
