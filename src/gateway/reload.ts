import type { Logger } from '../telemetry/logger.ts';

/** Returns a function that runs all reloads, one after the other. A call while they run is another round after it. */
export function reloader({
  reloads,
  logger,
}: {
  readonly reloads: readonly (() => unknown)[];
  readonly logger: Pick<Logger, 'info' | 'error'>;
}): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const reloadAll = async () => {
    logger.info({}, 'reloading schemas, endpoints, keys, certificates and documents');
    for (const reload of reloads) {
      try {
        await reload();
      } catch (err) {
        logger.error({ err }, 'a part cannot be reloaded; keeping the previous version');
      }
    }
  };
  return () => {
    last = last.then(reloadAll);
    return last;
  };
}
