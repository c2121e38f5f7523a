import { getHeapStatistics } from 'node:v8';
import type { Config } from '../config/config.ts';
import { MemoryBudget } from '../executor/memory-budget.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * What is made of a character of an answer takes some 10 bytes of the heap: measured, 8 with look-ups. So what is under way has half of
 * the heap, and all but a fifth when it has grown as far as it may.
 */
const HEAP_PER_CHARACTER = 20;

/** Text that waits has not been read yet, and takes one byte a character, at most two. */
const WAITING = 2.5;

const MINUTE_MS = 60_000;

/** The memory that answers may take in this process (`traffic_shaping.router.max_buffered_bytes`). */
export function openMemoryBudget(
  { traffic_shaping: { router } }: Pick<Config, 'traffic_shaping'>,
  logger: Pick<Logger, 'warn'>,
): MemoryBudget {
  const atOnce = router.max_buffered_bytes ?? Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_CHARACTER);
  let toldAt = Number.NEGATIVE_INFINITY;
  return new MemoryBudget({
    atOnce,
    waiting: atOnce * WAITING,
    onWait() {
      const now = performance.now();
      if (now - toldAt < MINUTE_MS) return;
      toldAt = now;
      logger.warn(
        { max_buffered_bytes: atOnce },
        'long answers of subgraphs wait for memory: ask for less at once, run more processes or give Node a larger heap',
      );
    },
  });
}
