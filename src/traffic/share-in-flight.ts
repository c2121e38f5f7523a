import type { ForwardHeaders, Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';

interface Waiter {
  readonly request: SourceRequest;
  readonly done: (answer: SubgraphResponse) => void;
}

export interface ShareInFlightOptions {
  /** What the source sends of the client's headers: only requests that agree in it share. */
  readonly forward?: ForwardHeaders | undefined;
}

/**
 * Lets identical reads that are under way at the same time share one call: the same text goes to each, and each
 * parses its own copy. Mutations and subscriptions always make their own call. Nothing is kept once the answer is there.
 *
 * Not shared/single-flight.ts: a fetch has callbacks and no promises, and a shared call is made in the name of its first
 * client. When that client leaves, the call is made again for those who stay.
 */
export function shareInFlight(source: Source, options: ShareInFlightOptions = {}): Source {
  const { forward } = options;
  const sharedCalls = new Map<string, Waiter[]>();

  /** `waiters[0]` is the one in whose name the call is made. */
  function sendShared(key: string, waiters: Waiter[]): void {
    const leader = waiters[0] as Waiter;
    source.send(leader.request, (answer) => {
      if (answer.kind === 'failure' && hasDisconnected(leader)) {
        // The call ended because its client left; those who still wait did nothing to deserve that failure.
        const staying = waiters.filter((waiter) => !hasDisconnected(waiter));
        if (staying.length > 0) {
          for (const waiter of waiters) if (hasDisconnected(waiter)) waiter.done(answer);
          sharedCalls.set(key, staying);
          sendShared(key, staying);
          return;
        }
      }
      sharedCalls.delete(key);
      for (const waiter of waiters) waiter.done(answer);
    });
  }

  return {
    name: source.name,
    send(request, done) {
      if (request.operationType !== 'query') {
        source.send(request, done);
        return;
      }
      const key = sharingKey(request, forward);
      const waiters = sharedCalls.get(key);
      if (waiters) {
        waiters.push({ request, done });
        return;
      }
      const sharedCall = [{ request, done }];
      sharedCalls.set(key, sharedCall);
      sendShared(key, sharedCall);
    },
    close: () => source.close(),
  };
}

function hasDisconnected(waiter: Waiter): boolean {
  return waiter.request.client.signal?.aborted === true;
}

function sharingKey({ body, client }: SourceRequest, forward: ForwardHeaders | undefined): string {
  // a body begins with a brace, and no header does
  return forward ? `${forward(client).sharingKey}${body}` : body;
}
