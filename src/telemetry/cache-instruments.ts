import type { OperationLabel } from '../shared/request-notes.ts';
import { BoundedValues } from './bounded-values.ts';
import { memo } from './memo.ts';
import type { Metrics } from './metrics.ts';
import { ANONYMOUS, type InstrumentSettings } from './request-instruments.ts';

/** What is counted of the response cache. */
export interface CacheInstruments {
  /**
   * Values were used or fetched.
   * @param type the type of the entities, or of the root
   * @param outcome `hit`, `stale`, `partial` (hits beside misses), `miss`, `stale-if-error`
   */
  readonly used: (
    subgraph: string,
    type: string,
    outcome: string,
    count: number,
    operation: OperationLabel | undefined,
  ) => void;
  /** Whole responses of GET /graphql. @param operation set for hits */
  readonly respondedWhole: (outcome: string, operation: OperationLabel | undefined) => void;
  readonly invalidated: (count: number) => void;
  /** @param size called whenever the metrics are read */
  readonly watch: (size: () => { readonly entries: number; readonly bytes: number }) => void;
}

export function createCacheInstruments(
  metrics: Metrics,
  { labels }: Pick<InstrumentSettings, 'labels'>,
): CacheInstruments {
  const values = metrics.counter({
    name: 'headgate_response_cache_values_total',
    help: 'Entities and root fields that came from the cache (hit, stale, partial, stale-if-error), or were fetched (miss)',
    labels: ['subgraph', 'type', 'outcome'],
  });
  const whole = metrics.counter({
    name: 'headgate_response_cache_responses_total',
    help: 'Responses to GET /graphql that were in the cache as a whole (hit), or not (miss)',
    labels: ['outcome'],
  });
  const invalidated = metrics.counter({
    name: 'headgate_response_cache_invalidated_total',
    help: 'Cached values that were invalidated',
  });
  const usedBy = countByOperation(metrics, labels.operation_names);
  return {
    used(subgraph, type, outcome, count, operation) {
      values.series(subgraph, type, outcome).add(count);
      usedBy?.(operation, outcome, count);
    },
    respondedWhole(outcome, operation) {
      whole(outcome);
      if (operation) usedBy?.(operation, 'whole', 1);
    },
    invalidated: (count) => invalidated.series().add(count),
    watch(size) {
      const bytes = 'Bytes of the response cache in memory';
      metrics.gauge({ name: 'headgate_response_cache_bytes', help: bytes, together: 'sum' }, () => size().bytes);
      const entries = 'Values in the response cache in memory';
      metrics.gauge({ name: 'headgate_response_cache_entries', help: entries, together: 'sum' }, () => size().entries);
    },
  };
}

/** Returns what counts the values of each operation; `undefined` where metrics have no names of operations. */
function countByOperation(metrics: Metrics, { enabled, max }: InstrumentSettings['labels']['operation_names']) {
  if (!enabled) return undefined;
  const counter = metrics.counter({
    name: 'headgate_response_cache_operation_values_total',
    help: 'What operations got from the cache (hit, stale, partial, stale-if-error) and from subgraphs (miss), in values, and how often the whole response was in the cache (whole); "anonymous": it has no name, "other": names beyond telemetry.metrics.operation_names.max',
    labels: ['operation', 'outcome'],
    isBounded: true,
  });
  const open = (name: string) => memo((outcome: string) => counter.series(name, outcome));
  const names = new BoundedValues(max, open);
  const anonymous = open(ANONYMOUS);
  return (operation: OperationLabel | undefined, outcome: string, count: number) =>
    (operation?.name ? names.get(operation.name) : anonymous)(outcome).add(count);
}
