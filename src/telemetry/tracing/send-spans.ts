import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterSeconds } from '../../shared/retry-after.ts';
import { type CollectorConnection, CollectorRefusal, ConnectionClosed } from '../otlp/collector-connection.ts';
import type { SendSpans } from './span-batches.ts';

/** Statuses after which a request is sent again. @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The pauses before retries, in milliseconds. A fifth of each is random. */
const PAUSES = [1_000, 1_500, 2_250, 3_400, 5_000];

/**
 * Returns what sends spans to a collector. A request that may succeed later is sent again, as long as there is time.
 * @param timeoutMs how long an export may take, with its retries
 */
export function spanSender(connection: CollectorConnection, timeoutMs: number): SendSpans {
  return async (spans) => {
    const deadline = performance.now() + timeoutMs;
    for (let tries = 0; ; tries++) {
      try {
        await connection.send(spans.request(), Math.max(1, Math.ceil(deadline - performance.now())));
        return undefined;
      } catch (error) {
        const pause = pauseAfter(error, tries);
        if (pause === undefined || performance.now() + pause >= deadline) return reasonOf(error);
        await sleep(pause, undefined, { ref: false });
      }
    }
  };
}

/** Returns the pause before the next try, in milliseconds; `undefined` where there is none. */
function pauseAfter(error: unknown, tries: number): number | undefined {
  const pause = PAUSES[tries];
  if (pause === undefined || error instanceof ConnectionClosed) return undefined;
  if (error instanceof CollectorRefusal) {
    if (!RETRYABLE.has(error.status)) return undefined;
    const seconds = error.retryAfter === undefined ? undefined : retryAfterSeconds(error.retryAfter);
    if (seconds !== undefined) return seconds * 1_000;
  }
  return pause * (0.9 + 0.2 * Math.random());
}

/** Returns the reason why an export failed, in a few words: the collector's own text can have anything in it. */
function reasonOf(error: unknown): string {
  if (error instanceof CollectorRefusal) return `HTTP status ${error.status}`;
  const { name, message = 'unknown' } = (error ?? {}) as { readonly name?: string; readonly message?: string };
  return name === 'TimeoutError' ? 'timeout' : (codeOf(error) ?? message.slice(0, 200));
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
