import { getHeapStatistics } from 'node:v8';
import type { Config } from '../config/config.ts';
import { MemoryBudget } from '../executor/memory-budget.ts';
import type { Logger } from '../telemetry/logger.ts';

/**
 * Heap bytes that the gateway reserves for each character of a response. Measured, a character takes some 10 bytes of the heap,
 * 8 with look-ups. So responses in flight get half of the heap.
 */
const HEAP_PER_CHARACTER = 20;

/** Text that waits, relative to the budget. It is not parsed yet, and takes one or two bytes a character. */
const WAITING = 2.5;

const MINUTE_MS = 60_000;

/** Creates the budget of memory for responses in this process (`traffic_shaping.router.max_response_characters`). */
export function openMemoryBudget(
  { traffic_shaping: { router } }: Pick<Config, 'traffic_shaping'>,
  logger: Pick<Logger, 'warn'>,
): MemoryBudget {
  const atOnce = router.max_response_characters ?? Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_CHARACTER);
  let lastWarningAt = Number.NEGATIVE_INFINITY;
  return new MemoryBudget({
    atOnce,
    waiting: atOnce * WAITING,
    onWait() {
      const now = performance.now();
      if (now - lastWarningAt < MINUTE_MS) return;
      lastWarningAt = now;
      logger.warn(
        { max_response_characters: atOnce },
        'large responses of subgraphs wait for memory: request less data at once, run more processes or give Node a larger heap',
      );
    },
  });
}
