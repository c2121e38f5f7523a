import type { DocumentNode, GraphQLFormattedError } from 'graphql';

/**
 * Bounds on what a client may send, held to before anything costs much. What is asked of documents is asked once for each,
 * and its answer kept with the document.
 */
export interface RequestLimits {
  /** Looks at a document's text before it is parsed: how deep it nests decides how deep the parser goes. */
  text(text: string): LimitRefusal | undefined;
  /** Looks at a document that has been parsed, but that may be anything: it is validated later. */
  document(document: DocumentNode): LimitRefusal | undefined;
  /**
   * Looks at variables as they came. Left out where nothing has to be looked at.
   * @param isBounded whether what they were read from has a limit of its own for its size
   */
  readonly variables?:
    | ((variables: Readonly<Record<string, unknown>>, isBounded?: boolean) => LimitRefusal | undefined)
    | undefined;
}

export interface LimitRefusal {
  /** `limit`: more than is allowed; `validation`: a mistake that must be told before it does harm. */
  readonly refusal: 'limit' | 'validation';
  readonly errors: readonly GraphQLFormattedError[];
}
