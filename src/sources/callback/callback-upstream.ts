import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { Cancellation } from '../cancellation.ts';
import type { SubscriptionUpstream } from '../event-stream/event-streams.ts';
import { createHttpSource, type HttpSourceOptions } from '../http/http-source.ts';
import type { CallbackSubscription } from './callback-subscription.ts';
import type { Callbacks } from './callbacks.ts';

const ACCEPT = 'application/json;callbackSpec=1.0';

/**
 * Opens subscriptions to a subgraph by requests, after which it sends the events in callbacks. Each attempt uses the next URL. Throws a
 * `TypeError` for a URL that cannot be used.
 */
export function openCallbackUpstream(
  urls: readonly string[],
  options: Omit<HttpSourceOptions, 'url'>,
  callbacks: Callbacks,
): SubscriptionUpstream {
  const sources = urls.map((url) => createHttpSource({ ...options, url, accept: ACCEPT, returnsHeaders: false }));
  let turn = 0;
  return {
    subscribe(request, sink) {
      const subscription = callbacks.open(options.name, sink);
      const cancellation = new Cancellation();
      const { signal } = request.client;
      const cancel = () => {
        signal?.removeEventListener('abort', cancel);
        subscription.cancel();
        cancellation.abort();
      };
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted) {
        cancel();
        return cancel;
      }
      const body = withCallback(request.body, subscription, callbacks);
      const source = sources[turn++ % sources.length];
      const sent = { ...request, body, sharedBody: undefined, signal: cancellation };
      source?.send(sent, (response) => subscription.respond(response));
      return cancel;
    },
    async close() {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** Adds where the subgraph sends the events to the body of a request. */
function withCallback(body: string, { id, verifier }: CallbackSubscription, callbacks: Callbacks): string {
  const { extensions, ...rest } = parseJson(body) as { readonly extensions?: object };
  const subscription = {
    callbackUrl: callbacks.urlOf(id),
    subscriptionId: id,
    verifier,
    heartbeatIntervalMs: callbacks.heartbeatMs,
  };
  return stringifyJson({ ...rest, extensions: { ...extensions, subscription } }) as string;
}
