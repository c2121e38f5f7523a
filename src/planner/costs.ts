/** The costs of the parts of a plan. Only ratios matter. */
export const COST = {
  /** One more request to a subgraph. */
  request: 100,
  /** One more field in a request that is sent in any case. */
  field: 0.1,
  /**
   * Selecting a field again in another subgraph on the way to a position, to merge the result: more expensive than
   * nothing only.
   */
  reselect: 3,
  /** One more wave of sequential requests on the way to a field. */
  wave: 10,
  /** A required or key field whose own route is planned later: a guess. */
  unknown: 150,
  /** The weight of what only a deferred fragment needs: it decides between equal costs. */
  deferred: 0.000_1,
  /** No route is known below a field here; another provider is better at any cost. */
  deadEnd: 100_000,
} as const;
