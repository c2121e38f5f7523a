import * as z from 'zod';
import { duration, timerDuration } from '../duration.ts';

export const usageSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether the gateway counts which operations and clients use which fields'),
    store: z
      .enum(['memory', 'redis'])
      .default('memory')
      .describe(
        'Where the counts are. `memory`: in this gateway, until it stops. `redis`: in `store.redis`; the counts of all gateways there add up',
      ),
    retention: duration.prefault('30d').describe('How long counts are kept, to the day'),
    max_entries: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe(
        'The most combinations of operation, client and client version in a day. Further ones are counted together, as the operation "(other)"',
      ),
    flush_interval: timerDuration
      .prefault('10s')
      .describe('How often each process adds what it has counted to the store'),
  })
  .describe('Counts for `headgate usage` and `headgate check --usage`. See docs/usage.md');
