import type { DocumentNode, GraphQLFormattedError } from 'graphql';

/**
 * Limits on what a client may send, checked before expensive work. Documents are checked once each; the outcome is
 * cached with the document.
 */
export interface RequestLimits {
  /** Checks the text of a document before it is parsed: the parser recurses as deeply as the text nests. */
  text(text: string): LimitRefusal | undefined;
  /** Checks a parsed document that is not validated yet. */
  document(document: DocumentNode): LimitRefusal | undefined;
  /**
   * Checks the variables before coercion; missing where nothing limits them.
   * @param isBounded whether the size of the variables is already limited elsewhere
   */
  readonly variables?:
    | ((variables: Readonly<Record<string, unknown>>, isBounded?: boolean) => LimitRefusal | undefined)
    | undefined;
}

export interface LimitRefusal {
  /**
   * `limit`: a limit is exceeded. `validation`: a mistake that has to be reported before validation, because it would
   * do harm there.
   */
  readonly refusal: 'limit' | 'validation';
  readonly errors: readonly GraphQLFormattedError[];
}
