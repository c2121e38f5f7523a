import { onTestFinished } from 'vitest';
import { openEvents } from './event-reader.ts';
import type { EventWorld } from './event-world.ts';

export const UPDATED = 'subscription { orderUpdated(id: 1) { id status item { name } } }';

/** Opens a subscription, and sends messages until the first one arrives: from then on all do. */
export async function subscribed(world: EventWorld, query: string, topic: string, message: unknown, headers = {}) {
  const opened = await openEvents(world.server.url, query, headers);
  let hasArrived = false;
  const first = opened.reader.until('\n\n').finally(() => {
    hasArrived = true;
  });
  while (!hasArrived) {
    await world.publish(topic, message);
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return { ...opened, first: await first };
}

/** Returns the data of an event. */
export const dataIn = (event: string) => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? 'null');
/** Returns the id of an event, which is its cursor. */
export const idIn = (event: string) => /^id: (.*)$/m.exec(event)?.[1];

/** Opens a subscription that goes on after a cursor. */
export async function resumeByExtension({ server }: EventWorld, query: string, cursor: unknown) {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  const body = JSON.stringify({ query, extensions: { subscription: { cursor } } });
  // an open stream would wait for the gateway to stop
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  return { response: await fetch(server.url, { method: 'POST', headers, body, signal: abort.signal }) };
}
