import type { MeterKey } from '../client/depends-on.ts';
import { nextInOrder } from '../shared/arrival-order.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { FetchEvent, ForwardHeaders, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

interface Waiter {
  readonly request: SourceRequest;
  readonly done: (response: SubgraphResponse) => void;
  /** When it came: the call of the first one was not sent before. */
  readonly order: number;
}

export interface ShareInFlightOptions {
  /** The client headers that the source sends. Only requests with equal headers share. */
  readonly forward?: ForwardHeaders | undefined;
  /** The rate limits of the source. Only requests that they count together share: no client gets an error for another's requests. */
  readonly meter?: MeterKey | undefined;
  /** Called for each request that gets the response of another one's call. */
  readonly onShared?: (() => void) | undefined;
}

/**
 * Shares one call between identical reads in flight. Each request gets the same text and parses its own copy. Mutations and
 * subscriptions always make their own call. Nothing is cached after the response. The fetches for an event share only calls that were
 * sent after it had arrived.
 *
 * Not shared/single-flight.ts: a fetch uses callbacks and no promises, and a shared call is made for its first client. When that
 * client disconnects, or the time of its request is over, the call is made again for the others.
 */
export function shareInFlight(source: Source, options: ShareInFlightOptions = {}): Source {
  const sharedCalls = new Map<string, Waiter[]>();

  /** Makes a call for `waiters[0]`; the others share its response. */
  function sendShared(key: string, waiters: Waiter[]): void {
    const leader = waiters[0] as Waiter;
    source.send(leader.request, (response) => {
      if (response.kind === 'failure' && hasEnded(leader)) {
        // The call failed because the request of its client ended. The other clients must not get that failure.
        const [ended, staying]: [Waiter[], Waiter[]] = [[], []];
        for (const waiter of waiters) (hasEnded(waiter) ? ended : staying).push(waiter);
        if (staying.length > 0) {
          // first, so that a fetch that `done` leads to waits with those that stay
          if (sharedCalls.get(key) === waiters) sharedCalls.set(key, staying);
          for (const waiter of ended) waiter.done(response);
          sendShared(key, staying);
          return;
        }
      }
      if (sharedCalls.get(key) === waiters) sharedCalls.delete(key);
      const shared = waiters.length === 1 ? response : shareable(response);
      for (const waiter of waiters) waiter.done(shared);
    });
  }

  return {
    name: source.name,
    send(request, done) {
      if (request.operationType !== 'query' || request.isOneShot) {
        source.send(request, done);
        return;
      }
      // the tries of one client may differ from those of another
      if (request.client.plugins?.separatesTries) return source.send(request, done);
      const key = sharingKey(request, options);
      const waiters = sharedCalls.get(key);
      if (waiters && !isOlder(waiters, request.event)) {
        const { request: leader } = waiters[0] as Waiter;
        request.span?.join(leader.span ?? leader.client.trace);
        request.trace?.share();
        options.onShared?.();
        waiters.push({ request, done, order: nextInOrder() });
        return;
      }
      const sharedCall = [{ request, done, order: nextInOrder() }];
      sharedCalls.set(key, sharedCall);
      sendShared(key, sharedCall);
    },
    close: () => source.close(),
  };
}

/** Returns a response that several executions may have. The objects of a parsed one belong to one of them. */
function shareable(response: SubgraphResponse): SubgraphResponse {
  if (response.kind !== 'parsed') return response;
  const { kind, result, size, ...rest } = response;
  return { ...rest, kind: 'text', text: stringifyJson(result) ?? 'null' };
}

function isOlder([first]: readonly Waiter[], event: FetchEvent | undefined): boolean {
  return event !== undefined && first !== undefined && first.order < event.order;
}

/** Returns whether the client disconnected, or the time of its request is over, give or take what timers are inexact by. */
function hasEnded({ request: { client } }: Waiter): boolean {
  const { signal, deadline } = client;
  return signal?.aborted === true || (deadline !== undefined && performance.now() > deadline - 2);
}

function sharingKey(
  { body: sent, sharedBody: body = sent, client }: SourceRequest,
  { forward, meter }: ShareInFlightOptions,
): string {
  // a body begins with a brace, and no header does
  const key = forward ? `${forward(client).sharingKey}${body}` : body;
  return meter ? `${key}\n${meter(client)}` : key;
}
