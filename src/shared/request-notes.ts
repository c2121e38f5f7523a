/** An operation as logs name it. */
export interface OperationLabel {
  readonly name: string | undefined;
  readonly type: string;
}

/** As much of an error as logs need. */
interface NotedError {
  readonly extensions?: { readonly [name: string]: unknown } | undefined;
}

/** What is found out about a request on its way through the gateway, for its line in the log. */
export interface RequestNotes {
  /** `web/dashboard` */
  endpoint: string | undefined;
  operation: OperationLabel | undefined;
  /** The name that the client gave, for requests that never became an operation. */
  operationName: string | undefined;
  /** Errors of the response; those of subgraphs have `extensions.service`. */
  errors: readonly NotedError[] | undefined;
  /** Why it could not be answered, where the response does not say all of it. */
  reason: string | undefined;
}

export function emptyNotes(): RequestNotes {
  return { endpoint: undefined, operation: undefined, operationName: undefined, errors: undefined, reason: undefined };
}
