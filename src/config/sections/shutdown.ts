import * as z from 'zod';
import { LONGEST_TIMER_MS, timerDuration, timerDurationOrZero } from '../duration.ts';

/** In milliseconds. Load balancers of Kubernetes learn within this time that a pod stops. */
const DELAY_MS = 2_000;

export const shutdownSection = z
  .strictObject({
    delay: timerDurationOrZero
      .optional()
      .describe(
        'How long the port stays open after SIGTERM, while `/ready` answers 503, so that load balancers stop sending requests. Default: 2s; none in `headgate dev` and in `createGateway`',
      ),
    grace: timerDuration
      .prefault('25s')
      .describe('How long requests in flight may take once the port is closed; what takes longer is cut off'),
  })
  .describe('How the gateway stops');

/** Returns `shutdown.delay` of a process that serves until a signal, in milliseconds. */
export function shutdownDelay({ shutdown }: { readonly shutdown: z.output<typeof shutdownSection> }): number {
  return shutdown.delay ?? DELAY_MS;
}

/** How much longer than `shutdown.delay` and `shutdown.grace` a process may take to stop, in milliseconds. */
const EXTRA_MS = 10_000;

/** Returns how long a process may take to stop before it is ended, in milliseconds; no longer than a timer takes. */
export function stopLimit(config: { readonly shutdown: z.output<typeof shutdownSection> }): number {
  return Math.min(shutdownDelay(config) + config.shutdown.grace + EXTRA_MS, LONGEST_TIMER_MS);
}
