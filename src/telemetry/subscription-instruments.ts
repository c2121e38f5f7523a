import type { Metrics } from './metrics.ts';

/** What has to do with the subscriptions of clients. */
export interface SubscriptionInstruments {
  /** A subscription has started. @param isShared whether it shares the events of another one */
  readonly opened: (isShared: boolean) => void;
  /** A subscription has ended. @param reason one of a fixed set of words */
  readonly ended: (reason: string) => void;
  /** An event was dropped because too many waited. */
  readonly dropped: () => void;
  /** A subscription at a subgraph could not be opened, or was lost. @param code that of the error */
  readonly upstreamFailed: (subgraph: string, code: string) => void;
  /** A WebSocket of a client was refused. @param reason one of a fixed set of words */
  readonly socketRefused: (reason: string) => void;
  /** @param open called whenever the metrics are read */
  readonly watchOpen: (open: () => number) => void;
  /** @param open called whenever the metrics are read */
  readonly watchSockets: (open: () => number) => void;
}

export function createSubscriptionInstruments(metrics: Metrics): SubscriptionInstruments {
  const opened = metrics.counter({
    name: 'headgate_subscriptions_opened_total',
    help: 'Subscriptions of clients that have started; shared="true": they share the events of an identical one',
    labels: ['shared'],
  });
  return {
    opened: (isShared) => opened(String(isShared)),
    ended: metrics.counter({
      name: 'headgate_subscriptions_ended_total',
      help: 'Subscriptions of clients that have ended: completed, client (it has left), error, queue_full, token_expired, schema_changed, connection_lost, shutdown',
      labels: ['reason'],
    }),
    dropped: metrics.counter({
      name: 'headgate_subscription_events_dropped_total',
      help: 'Events that were dropped because too many waited; only with subscription.queue_overflow: drop_oldest or coalesce',
    }),
    upstreamFailed: metrics.counter({
      name: 'headgate_subgraph_subscriptions_failed_total',
      help: 'Subscriptions at subgraphs that could not be opened, or were lost; each attempt to open one again counts',
      labels: ['subgraph', 'code'],
    }),
    socketRefused: metrics.counter({
      name: 'headgate_websockets_refused_total',
      help: 'WebSockets of clients that were refused at their handshake: max_connections, origin, shutdown, malformed',
      labels: ['reason'],
    }),
    watchSockets: (open) =>
      metrics.gauge(
        { name: 'headgate_websockets_open', help: 'WebSockets of clients that are open', together: 'sum' },
        open,
      ),
    watchOpen: (open) =>
      metrics.gauge(
        { name: 'headgate_subscriptions_open', help: 'Subscriptions of clients that are open', together: 'sum' },
        open,
      ),
  };
}
