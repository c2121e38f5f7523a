import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import type { Operation, OpField } from '../operation/operation.ts';
import type { ClientContext } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/**
 * What is asked whether an operation may run, before it is planned. An operation is inspected once, when it is prepared:
 * what a policy can know of it then costs nothing later. Requests for it are checked one by one, by look-ups.
 */
export interface OperationPolicy {
  /**
   * Looks at an operation in normal form, as it is prepared for one set of values of its condition variables.
   * @param supergraph the one whose public schema the client sees
   * @returns undefined where nothing in the operation concerns the policy: its requests then cost nothing
   */
  inspect(operation: Operation, supergraph: Supergraph): OperationCheck | undefined;
  /**
   * Whether each request for a document has to be seen, so that identical ones in flight must not share one execution.
   * Asked once for each document. By default they may share.
   */
  countsRequests?(document: DocumentNode, supergraph: Supergraph): boolean;
  /**
   * Whether what a document's requests are answered depends on who asks, so that an answer must not be kept for others.
   * Asked once for each document. By default it does not.
   */
  dependsOnClient?(document: DocumentNode, supergraph: Supergraph): boolean;
}

/** What a policy asks of each request for one operation. */
export interface OperationCheck {
  /** @returns undefined where the request may run as it is. Throws only for a mistake of the gateway's own. */
  check(request: CheckedRequest): PolicyDecision | undefined | Promise<PolicyDecision | undefined>;
}

export interface CheckedRequest {
  /** Coerced variable values. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly client: ClientContext;
  /** What earlier policies have dropped; where a single one has, the very list that it gave. */
  readonly drop: readonly DroppedField[];
  /** Whether an earlier policy has dropped this field, or one around it. */
  isDropped(field: OpField): boolean;
}

/** What one policy says of one request. Policies are asked in their order, until one of them refuses. */
export interface PolicyDecision {
  /** The operation does not run. */
  readonly refusal?: PolicyRefusal;
  /**
   * Fields that are not fetched: null stands in their place, with the error told once. Give the same list (the same
   * array) whenever the same is dropped for the same reasons: its plan is then found at once.
   */
  readonly drop?: readonly DroppedField[];
  /** Headers of the response, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the answer's `extensions`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Called once the operation has run, with what it came to. */
  readonly onResponse?: (outcome: Outcome) => ResultExtras | undefined;
}

export interface PolicyRefusal {
  /** The HTTP status of the answer. */
  readonly status: number;
  readonly errors: readonly GraphQLFormattedError[];
}

export interface DroppedField {
  /** A field of the operation that was inspected, the very object. */
  readonly field: OpField;
  readonly error: FieldRefusal;
}

/** Why a field was dropped; its path is filled in. */
export interface FieldRefusal {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: string };
  /** The client is not told. */
  readonly suppressed?: boolean;
}

/** What came of an operation that ran. */
export interface Outcome {
  /** JSON text of `data`. */
  readonly dataText: string;
  readonly errors: readonly GraphQLFormattedError[];
}

/** What policies add to an answer. */
export interface ResultExtras {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}
