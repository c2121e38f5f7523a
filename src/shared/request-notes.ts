import type { CredentialCheck } from './credential-check.ts';
import type { DebugTrace } from './debug-trace.ts';
import type { GatewayError } from './gateway-error.ts';
import type { RequestRecord } from './request-record.ts';
import { ShuttingDownError } from './shutting-down-error.ts';

/** The name and type of an operation, for logs. */
export interface OperationLabel {
  readonly name: string | undefined;
  readonly type: string;
  /** Counts which clients use it, where that is counted. */
  readonly use?: UseCounter | undefined;
}

/** Counts the requests of clients for one operation. */
export interface UseCounter {
  count(client: string | undefined, version: string | undefined): void;
}

/**
 * Why a status or a missing response is no error of the gateway or of the client. `draining`: it comes while the gateway stops, which begins
 * nothing new. `cut_off`: the request took longer than the gateway took to stop.
 */
export type ExpectedOutcome = 'draining' | 'cut_off';

/** The part of an error that logs need. */
interface LoggedError {
  readonly extensions?: { readonly [name: string]: unknown } | undefined;
}

/** Data about a request that is collected on its way through the gateway, for the access log. */
export interface RequestNotes {
  /** The id of its trace, where traces are on. */
  readonly traceId?: string | undefined;
  /** `web/dashboard` */
  endpoint: string | undefined;
  /** The path of the endpoint as its file declares it: `/bff/web/products/:id`. */
  route?: string | undefined;
  operation: OperationLabel | undefined;
  /** The operation name that the client sent, for requests without a valid operation. */
  operationName: string | undefined;
  /** Errors of the response; those of subgraphs have `extensions.service`. */
  errors: readonly LoggedError[] | undefined;
  /** Why the request failed, if the response does not say everything. */
  reason: string | undefined;
  /** When the events of a subscription began, from `performance.now()`: how long they go on is no slowness. */
  answeredAt?: number | undefined;
  /** Times and fetches, where something needs them. */
  record: RequestRecord | undefined;
  /** What happens to the request, for a client that may know. */
  debug?: DebugTrace | undefined;
  /** Whether it was refused with `OVERLOADED`: such refusals are one line together, since a line for each would make the overload worse. */
  isOverload?: boolean | undefined;
  outcome?: ExpectedOutcome | undefined;
  /** Returns how the credentials of the client are checked again, while a subscription runs; `undefined` where they cannot be. */
  credentialCheck?(): CredentialCheck | undefined;
}

/** Notes that a request is refused by design, so that it is not logged like a failure. */
export function noteRefusal(notes: Pick<RequestNotes, 'isOverload' | 'outcome'>, error: GatewayError): void {
  if (error.code === 'OVERLOADED') notes.isOverload = true;
  if (error instanceof ShuttingDownError) notes.outcome = 'draining';
}

export function emptyNotes(): RequestNotes {
  const record = undefined;
  return {
    endpoint: undefined,
    operation: undefined,
    operationName: undefined,
    errors: undefined,
    reason: undefined,
    record,
  };
}
