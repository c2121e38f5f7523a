import { DEFAULT_MAX_RESPONSE_BYTES, type HttpSourceOptions, openHttpTarget } from '../http/http-source.ts';
import type { Source } from '../source.ts';
import { EventCall, type EventFormat, type EventTarget } from './event-call.ts';

/** Settings of the streams of one subgraph. Times in milliseconds. */
export interface EventStreamOptions
  extends Pick<
    HttpSourceOptions,
    'name' | 'path' | 'forward' | 'compression' | 'pool' | 'pools' | 'sign' | 'timeoutMs'
  > {
  /** Each attempt uses the next one. */
  readonly urls: readonly string[];
  readonly format: EventFormat;
  /** How long a stream may be silent. Default: a minute, for streams that have heartbeats. */
  readonly idleMs?: number | undefined;
  /** The largest event. Default 100 MiB. */
  readonly maxEventBytes?: number;
}

/** Starts subscriptions of one subgraph, and closes what they need. */
export type SubscriptionUpstream = Required<Pick<Source, 'subscribe' | 'close'>>;

/** Each stream occupies a connection for a long time, so there are enough. `subscription.max_opened_subscriptions` limits them. */
export const MOST_STREAMS = 100_000;

const DEFAULT_IDLE_MS = 60_000;

const ACCEPT: Readonly<Record<EventFormat, string>> = {
  // servers of graphql-sse compare the whole value
  sse: 'text/event-stream',
  multipart: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0, application/json',
};

/**
 * Opens subscriptions to a subgraph as HTTP requests whose responses are streams of events. They have connections of their own, so that
 * they leave those of requests free. Throws a `TypeError` for a URL that cannot be used.
 */
export function openEventStreams({
  urls,
  format,
  idleMs,
  maxEventBytes = DEFAULT_MAX_RESPONSE_BYTES,
  ...common
}: EventStreamOptions): SubscriptionUpstream {
  const opened = urls.map((url) =>
    openHttpTarget({
      ...common,
      url,
      accept: ACCEPT[format],
      poolOwner: `${common.name} events`,
      pool: { ...common.pool, connections: MOST_STREAMS },
      compression: { request: common.compression?.request, accept: [] },
    }),
  );
  const targets = opened.map(
    ({ target: http }): EventTarget => ({
      ...{ http, format, maxEventBytes },
      idleMs: idleMs ?? DEFAULT_IDLE_MS,
      expectsHeartbeats: idleMs !== undefined,
    }),
  );
  let turn = 0;
  return {
    subscribe(request, sink) {
      const call = new EventCall(targets[turn++ % targets.length] as EventTarget, request, sink);
      call.start();
      return () => call.cancel();
    },
    async close() {
      await Promise.all(opened.map(({ close }) => close()));
    },
  };
}
