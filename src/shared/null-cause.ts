/** A path in a response: keys and list indices. */
export type TracePath = readonly (string | number)[];

/**
 * A cause in the chain of causes of a null. The first one of a chain is the nearest to the null, and the last one is what happened
 * first.
 */
export type NullCause =
  /** Null propagated from one place up to another, because what is between may not be null. */
  | {
      readonly kind: 'nonNull';
      /** The field, or the list whose items may not be null, that null propagated from: `Review.author`. */
      readonly field: string;
      readonly type: string;
      readonly from: TracePath;
      readonly to: TracePath;
      /** How many other values within the null are missing, too. */
      readonly others?: number | undefined;
    }
  /** The same within the response of a subgraph. */
  | { readonly kind: 'nonNullInSubgraph'; readonly subgraph: string; readonly to: TracePath }
  /** A policy dropped the field, so it was not fetched. */
  | { readonly kind: 'policy'; readonly field: string; readonly code: string; readonly message: string }
  /** The section was not ready in time. */
  | { readonly kind: 'sectionTimeout'; readonly section: TracePath; readonly timeoutMs: number }
  /** A fetch failed, or what it brought is malformed. */
  | (OfFetch & {
      readonly kind: 'fetchFailed';
      readonly code: string;
      readonly message: string;
      readonly reason?: string | undefined;
      readonly status?: number | undefined;
    })
  /** The response of a fetch has a GraphQL error. `path` is that of the subgraph. */
  | (OfFetch & {
      readonly kind: 'subgraphError';
      readonly code?: string | undefined;
      readonly message: string;
      readonly path?: readonly unknown[] | undefined;
    })
  /** The subgraph returned null for the entity. */
  | (OfFetch & { readonly kind: 'entityNull'; readonly type: string })
  /** The subgraph could not be queried for the object: a part of its key is missing. */
  | { readonly kind: 'missingKey'; readonly subgraph: string; readonly field: string; readonly path: TracePath }
  /** The subgraph could not compute the field: what it requires is missing. */
  | { readonly kind: 'missingRequired'; readonly subgraph: string; readonly field: string; readonly path: TracePath }
  /** The subgraph could not compute the field: the value from a context is missing. */
  | { readonly kind: 'missingContext'; readonly subgraph: string; readonly field: string; readonly path: TracePath }
  /** The subgraph returned null. Only at the end of a chain, for a value that something else needs. */
  | { readonly kind: 'subgraphNull'; readonly subgraph: string | undefined; readonly field: string }
  /** The subgraph returned no value for a field that it was asked for. */
  | { readonly kind: 'notReturned'; readonly subgraph: string | undefined; readonly field: string }
  /** The value is of another type than its field. */
  | {
      readonly kind: 'invalidValue';
      readonly subgraph: string | undefined;
      readonly field: string;
      readonly message: string;
    }
  /** Two subgraphs contradict each other. */
  | { readonly kind: 'conflict'; readonly subgraph: string; readonly message: string };

interface OfFetch {
  readonly subgraph: string;
  /** The number of the fetch among the recorded ones. */
  readonly fetch?: number | undefined;
}

/** A null in the data with its causes. */
export interface ExplainedNull {
  readonly path: TracePath;
  readonly causes: readonly NullCause[];
}

/** The nulls of a result. */
export interface ExplainedNulls {
  readonly nulls: readonly ExplainedNull[];
  /** How many nulls subgraphs returned themselves: they are not listed. */
  readonly ofSubgraphs: number;
  /** How many further nulls are not listed. */
  readonly leftOut: number;
  /** Whether the result has more values than are looked at. */
  readonly isIncomplete: boolean;
}
