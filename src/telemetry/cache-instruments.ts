import type { Metrics } from './metrics.ts';

/** What is counted of the response cache. */
export interface CacheInstruments {
  /**
   * Values were used or fetched.
   * @param type the type of the entities, or of the root
   * @param outcome `hit`, `stale`, `partial` (hits beside misses), `miss`, `stale-if-error`
   */
  readonly used: (subgraph: string, type: string, outcome: string, count: number) => void;
  /** Whole responses of GET /graphql. */
  readonly respondedWhole: (outcome: string) => void;
  readonly invalidated: (count: number) => void;
  /** @param size called whenever the metrics are read */
  readonly watch: (size: () => { readonly entries: number; readonly bytes: number }) => void;
}

export function createCacheInstruments(metrics: Metrics): CacheInstruments {
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
  return {
    used(subgraph, type, outcome, count) {
      values.series(subgraph, type, outcome).add(count);
    },
    respondedWhole: (outcome) => whole(outcome),
    invalidated: (count) => invalidated.series().add(count),
    watch(size) {
      const bytes = 'Bytes of the response cache in memory';
      metrics.gauge({ name: 'headgate_response_cache_bytes', help: bytes, together: 'sum' }, () => size().bytes);
      const entries = 'Values in the response cache in memory';
      metrics.gauge({ name: 'headgate_response_cache_entries', help: entries, together: 'sum' }, () => size().entries);
    },
  };
}
