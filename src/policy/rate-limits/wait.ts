import type { CancelSignal } from '../../sources/source.ts';
import type { LimitDecisions } from './limiter.ts';

/** Milliseconds that a request has to wait for what was allowed. */
export function delayOf({ whole, parts }: LimitDecisions): number {
  let delay = 0;
  for (const { delayMs } of whole) if (delayMs > delay) delay = delayMs;
  for (const part of parts) for (const { delayMs } of part) if (delayMs > delay) delay = delayMs;
  return delay;
}

/** Resolves after `ms`, or as soon as there is nobody left to wait for. */
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
