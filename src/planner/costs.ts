/** What things cost a plan, in one place. Only ratios matter. */
export const COST = {
  /** One more request to a subgraph. */
  request: 100,
  /** One more field in a request that is sent in any case. */
  field: 0.1,
  /** Asking a subgraph the same field again on the way to a position, to merge its answer: dearer than nothing only. */
  reselect: 3,
  /** One more wave of requests on the way to a field. */
  wave: 10,
  /** A required or key field whose own way is planned later: a guess. */
  unknown: 150,
  /** No way is known below a field here; another provider is better, whatever it costs. */
  deadEnd: 100_000,
} as const;
