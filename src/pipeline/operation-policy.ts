import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import type { Reads } from '../client/depends-on.ts';
import type { Operation, OpField } from '../operation/operation.ts';
import type { ClientContext } from '../sources/source.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/**
 * A policy that decides whether an operation may run, before it is planned. An operation is inspected once, when it
 * is prepared. Requests for it are then checked one by one, with look-ups only.
 */
export interface OperationPolicy {
  /**
   * Inspects a normalized operation when it is prepared for one set of condition values.
   * @param supergraph the one whose public schema the client sees
   * @returns undefined where the policy does not apply to the operation: its requests then cost nothing
   */
  inspect(operation: Operation, supergraph: Supergraph): OperationCheck | undefined;
  /**
   * Returns whether the policy must see each request for a document, so that identical requests in flight must not
   * share one execution. Called once for each document. By default they may share.
   */
  countsRequests?(document: DocumentNode, supergraph: Supergraph): boolean;
  /**
   * Returns what the policy reads of each request for a document, beside the operation, as far as the response depends
   * on it. Called once for each document. A policy without it declares that it reads nothing.
   */
  readsOf?(document: DocumentNode, supergraph: Supergraph): Reads | undefined;
}

/** The check of one policy on requests for one operation. */
export interface OperationCheck {
  /**
   * Checks one request.
   * @returns undefined where the request may run unchanged. Throws only on an internal error.
   */
  check(request: CheckedRequest): PolicyDecision | undefined | Promise<PolicyDecision | undefined>;
}

/** A request for an operation that policies check. */
export interface CheckedRequest {
  /** Coerced variable values. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly client: ClientContext;
  /** Fields that earlier policies dropped. Where a single policy did, this is its own array. */
  readonly drop: readonly DroppedField[];
  /** Returns whether an earlier policy dropped this field, or a field around it. */
  isDropped(field: OpField): boolean;
}

/** The decision of one policy on one request. Policies are evaluated in order, until one refuses. */
export interface PolicyDecision {
  /** The operation does not run. */
  readonly refusal?: PolicyRefusal;
  /**
   * Fields that are not fetched; each becomes null with its error. Pass the same array for the same fields and
   * reasons: the array is the key of the plan.
   */
  readonly drop?: readonly DroppedField[];
  /** Headers of the response, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the `extensions` of the response. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Called with the outcome once the operation has run. */
  readonly onResponse?: (outcome: Outcome) => ResultExtras | undefined;
}

/** An error response that replaces the execution. */
export interface PolicyRefusal {
  /** The HTTP status of the response. */
  readonly status: number;
  readonly errors: readonly GraphQLFormattedError[];
}

/** A field that is not fetched, and why. */
export interface DroppedField {
  /** A field of the inspected operation, the same object. */
  readonly field: OpField;
  readonly error: FieldRefusal;
}

/** Why a field was dropped; the path is added later. */
export interface FieldRefusal {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: string };
  /** What would have allowed the field, for debug traces only: `@requiresScopes: read:orders`. */
  readonly requirement?: string | undefined;
  /** Whether the error is left out of the response. */
  readonly suppressed?: boolean;
}

/** The outcome of an operation that ran. */
export interface Outcome {
  /** JSON text of `data`. */
  readonly dataText: string;
  readonly errors: readonly GraphQLFormattedError[];
}

/** What policies add to a response. */
export interface ResultExtras {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}
