import type { Metrics } from './metrics.ts';

/** Counts for subgraphs with variants or a mirror. */
export interface VariantInstruments {
  readonly chosen: (subgraph: string, variant: string) => void;
  readonly mirrored: (subgraph: string, result: string) => void;
}

export function createVariantInstruments(metrics: Metrics): VariantInstruments {
  const chosen = metrics.counter({
    name: 'headgate_variant_requests_total',
    help: 'Fetches by the variant of the subgraph that got them; base: none of the variants',
    labels: ['subgraph', 'variant'],
  });
  const mirrored = metrics.counter({
    name: 'headgate_mirrored_requests_total',
    help: 'Reads that were also sent to the mirror of the subgraph: same, different, failed, skipped, not_compared',
    labels: ['subgraph', 'result'],
  });
  return {
    chosen: (subgraph, variant) => chosen(subgraph, variant),
    mirrored: (subgraph, result) => mirrored(subgraph, result),
  };
}
