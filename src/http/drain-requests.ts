import { setTimeout as delay } from 'node:timers/promises';
import type { RequestHandler } from './request-handler.ts';

/** How often is looked whether all have ended, in milliseconds. */
const CHECK_MS = 20;

/**
 * Completes the requests that a server of someone else has passed on, and ends streams and WebSockets, so that their clients connect
 * elsewhere. Waits for `graceMs` at most.
 */
export async function drainRequests(handler: RequestHandler, graceMs: number): Promise<void> {
  handler.drain();
  const isBusy = () => handler.activeCount > 0 || (handler.upgrades?.size ?? 0) > 0;
  const end = performance.now() + graceMs;
  while (isBusy() && performance.now() < end) await delay(CHECK_MS);
  if (isBusy()) handler.cutOff();
}
