import type { CancelSignal } from '../../sources/source.ts';
import type { LimitDecisions } from './limiter.ts';

/** Returns the milliseconds that an allowed request has to wait. */
export function delayOf({ whole, parts }: LimitDecisions): number {
  let delay = 0;
  for (const { delayMs } of whole) if (delayMs > delay) delay = delayMs;
  for (const part of parts) for (const { delayMs } of part) if (delayMs > delay) delay = delayMs;
  return delay;
}

/** Resolves after `ms`, or when the signal aborts. */
export function wait(ms: number, signal?: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
  });
}
