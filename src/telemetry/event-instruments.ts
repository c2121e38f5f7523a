import type { LabelledValue, Metrics } from './metrics.ts';

/** Counts messages of brokers, by the name of the broker in the config. */
export interface EventInstruments {
  /** Returns what counts a message that has arrived. */
  readonly received: (source: string) => () => void;
  readonly malformed: (source: string) => void;
  /** @param outcome `sent` or `failed` */
  readonly published: (source: string, outcome: string) => void;
  /** @param isConnected called whenever the metrics are read */
  readonly watch: (source: string, isConnected: () => boolean) => void;
}

/** To be called once. */
export function createEventInstruments(metrics: Metrics): EventInstruments {
  const received = metrics.counter({
    name: 'headgate_events_received_total',
    help: 'Messages that brokers have delivered: once for all subscriptions of a topic, and once for each that resumes',
    labels: ['source'],
  });
  const connections = new Map<string, () => boolean>();
  const read = () => [...connections].map(([source, isConnected]): LabelledValue => [isConnected() ? 1 : 0, source]);
  metrics.gauges(
    {
      name: 'headgate_event_source_up',
      help: 'Whether there is a connection to the broker; only with events',
      labels: ['source'],
      together: 'min',
    },
    read,
  );
  return {
    received(source) {
      const series = received.series(source);
      return () => series.add();
    },
    malformed: metrics.counter({
      name: 'headgate_events_malformed_total',
      help: 'Messages of brokers that were left out, since they are not what the schema says',
      labels: ['source'],
    }),
    published: metrics.counter({
      name: 'headgate_events_published_total',
      help: 'Messages of @publish: sent, failed',
      labels: ['source', 'outcome'],
    }),
    watch: (source, isConnected) => void connections.set(source, isConnected),
  };
}
