import type { Metrics } from './metrics.ts';

/** Counts the callbacks of subgraphs. */
export interface CallbackInstruments {
  /** A callback was accepted. @param action `check`, `next`, `complete` */
  readonly received: (action: string) => void;
  /** A callback was refused. @param reason one of a fixed set of words */
  readonly refused: (reason: string) => void;
  /** No callback of a subscription has come in time. */
  readonly missed: (subgraph: string) => void;
  /** @param open called whenever the metrics are read */
  readonly watchOpen: (open: () => number) => void;
}

/** To be called once. */
export function createCallbackInstruments(metrics: Metrics): CallbackInstruments {
  return {
    received: metrics.counter({
      name: 'headgate_callbacks_received_total',
      help: 'Callbacks of subgraphs that were accepted: check, next, complete',
      labels: ['action'],
    }),
    refused: metrics.counter({
      name: 'headgate_callbacks_refused_total',
      help: 'Callbacks that were refused: malformed, too_large, wrong_verifier, unknown (a subscription that has ended, or never was here), unavailable (its process cannot be asked)',
      labels: ['reason'],
    }),
    missed: metrics.counter({
      name: 'headgate_callback_heartbeats_missed_total',
      help: 'Subscriptions at subgraphs that were lost because no callback came in time',
      labels: ['subgraph'],
    }),
    watchOpen: (open) =>
      metrics.gauge(
        {
          name: 'headgate_callback_subscriptions_open',
          help: 'Subscriptions at subgraphs that send callbacks',
          together: 'sum',
        },
        open,
      ),
  };
}
