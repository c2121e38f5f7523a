import type { Freshness } from '../client/freshness.ts';
import type { ClientInfo } from '../client/identity.ts';

/**
 * The seam between the executor and whatever answers a fetch: an HTTP subgraph, or a function in this process.
 * The executor knows nothing else about the outside world.
 */

/** The part of an `AbortSignal` that sources use; lighter ones will do, see cancellation.ts. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: CancelListener): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

export type CancelListener = (() => void) | { handleEvent(): void };

/** What every fetch of one client request shares. Created once per client request. */
export interface ClientContext extends Partial<ClientInfo> {
  readonly requestId: string;
  /** Header names in lower case; what header rules and sharing keys are computed from. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Aborted when the client is gone, the request's time is up, or the server stops hard. */
  readonly signal?: CancelSignal;
}

export interface SourceRequest {
  /** The GraphQL-over-HTTP request body, as JSON text: `{"query":"…","variables":{…}}`. */
  readonly body: string;
  /** Reads may be shared and retried; mutations never. */
  readonly operationType: 'query' | 'mutation' | 'subscription';
  readonly client: ClientContext;
  /** When its time is up, by `performance.now()`, where that is before the source's own timeout. */
  readonly deadline?: number;
}

/** Why a source gave no GraphQL result. `message` is fit for a client: no addresses, no stack. */
export interface SourceFailure {
  readonly code:
    | 'SUBREQUEST_HTTP_ERROR'
    | 'SUBREQUEST_MALFORMED_RESPONSE'
    | 'SUBREQUEST_TIMEOUT'
    | 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED'
    | 'RATE_LIMITED'
    | 'OVERLOADED';
  readonly message: string;
  /** The cause in a few words, as `extensions.reason`. */
  readonly reason?: string;
  /** The HTTP status, when the source answered at all. */
  readonly status?: number;
  /** Seconds until it may be tried again. */
  readonly retryAfter?: number;
  /** Whether the connection was lost before any byte of a response: a read can be sent again. */
  readonly isConnectionLoss?: boolean;
}

export type SubgraphResponse =
  /** The body of a response that may be a GraphQL result; the executor parses it. */
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly status: number;
      /** False where the source has seen that no number in the text has more than fifteen digits. */
      readonly mayHaveLongNumbers?: boolean | undefined;
      /** Names, in lower case, and values by turns; only from sources that were told to keep them. */
      readonly headers?: readonly string[];
      /** How long it may be kept; only from sources that read it, and where it is said. */
      readonly freshness?: Freshness | undefined;
      /** A failure on the way to this answer, whose errors tell of it: an API that did not answer. For the log. */
      readonly failed?: Pick<SourceFailure, 'code' | 'reason' | 'status'> | undefined;
    }
  | { readonly kind: 'failure'; readonly failure: SourceFailure };

/** What a source sends with its fetches for one client request, beside its own headers. */
export interface ForwardedHeaders {
  /** Names, in lower case, and values by turns; each value is one that a header may have. */
  readonly pairs: readonly string[];
  /** Equal for two client requests when they are to be answered alike, as far as these headers go. */
  readonly sharingKey: string;
  /** Names of those that say which requests belong together, and nothing that an answer may depend on. */
  readonly correlation?: ReadonlySet<string>;
  /** Names of those that say who the client is or where it is, whether or not this one says it. */
  readonly ofIdentity?: ReadonlySet<string>;
}

/** Makes them by the rules for one source. For one client request it always gives the same object. */
export type ForwardHeaders = (client: ClientContext) => ForwardedHeaders;

export interface Source {
  /** The subgraph's name as people know it (`products`), used in errors and logs. */
  readonly name: string;
  /** Calls `done` exactly once, now or later; never throws. */
  send(request: SourceRequest, done: (answer: SubgraphResponse) => void): void;
  /** Ends idle connections; what is in flight is answered first. */
  close(): Promise<void>;
}
