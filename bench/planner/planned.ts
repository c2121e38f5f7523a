/** A plan, as far as planners can be compared. */
export interface Planned {
  /** Requests to subgraphs. A request with several `_entities` fields is one. */
  readonly requests: number;
  /** The longest chain of requests that wait for one another. */
  readonly waves: number;
  /** What is wrong with it: a document that its subgraph does not accept, a field read where it cannot be resolved. */
  readonly broken: readonly string[];
  readonly text: string;
}

/** No plan, and why. */
export interface Unplanned {
  readonly problem: string;
}

/** One supergraph's planner. */
export interface Planning {
  plan(query: string, variables: Readonly<Record<string, unknown>>): Planned | Unplanned;
}
