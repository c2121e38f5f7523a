import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Config } from '../config/config.ts';
import { ClientWrites } from '../http/client-writes.ts';
import { ByteBudget } from '../shared/byte-budget.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import { oncePerMinute } from './once-per-minute.ts';

/** The least default, in bytes. */
const LEAST = 2 ** 24;

/** What counts and limits the bytes outside of the heap in this process. */
export interface ByteLimits {
  readonly byteBudget: ByteBudget;
  readonly clientWrites: ClientWrites;
}

/** Creates the budget of bytes outside of the heap (`limits.max_buffered_bytes`), and the limits for slow clients. */
export function openByteLimits(
  { limits }: Pick<Config, 'limits'>,
  logger: Pick<Logger, 'warn'>,
  instruments: Pick<Instruments, 'refused' | 'watchBufferedBytes'> | undefined,
): ByteLimits {
  const limit = limits.max_buffered_bytes ?? defaultLimit();
  const warnOfRefusals = oncePerMinute((count) =>
    logger.warn(
      { max_buffered_bytes: limit, count },
      'no memory for large bodies, which are refused: request less data at once, run more processes, or raise limits.max_buffered_bytes',
    ),
  );
  const warnOfSlowClients = oncePerMinute((clients) =>
    logger.warn(
      { clients, client_write_timeout: limits.client_write_timeout, client_min_read_rate: limits.client_min_read_rate },
      'clients cut off: they did not read their responses fast enough',
    ),
  );
  const byteBudget = new ByteBudget({
    limit,
    onRefused() {
      instruments?.refused('limits', 'max_buffered_bytes');
      warnOfRefusals();
    },
  });
  instruments?.watchBufferedBytes(() => byteBudget.held);
  const clientWrites = new ClientWrites({
    budget: byteBudget,
    timeoutMs: limits.client_write_timeout,
    minRate: limits.client_min_read_rate,
    onCutOff() {
      instruments?.refused('limits', 'client_write_timeout');
      warnOfSlowClients();
    },
  });
  return { byteBudget, clientWrites };
}

/** Returns half of the heap limit, but at most a quarter of the memory of the container or machine. */
function defaultLimit(): number {
  // zero, or more than the machine has, where there is no limit
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.max(LEAST, Math.floor(Math.min(getHeapStatistics().heap_size_limit / 2, memory / 4)));
}
