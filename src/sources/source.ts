import type { Freshness } from '../client/freshness.ts';
import type { ClientInfo } from '../client/identity.ts';
import type { CacheMoment } from '../client/tag-collector.ts';
import type { PlannedLookup, PlannedRequest } from '../planner/plan.ts';
import type { PrintedDocument, RootFieldText } from '../planner/print-document.ts';
import type { DebugTrace } from '../shared/debug-trace.ts';
import type { FetchTrace } from '../shared/fetch-trace.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { CacheUse, RequestRecord } from '../shared/request-record.ts';
import type { CallSpan } from '../shared/trace.ts';
import type { TriedUrls } from '../shared/tried-urls.ts';
import type { UploadedFile } from '../shared/uploads/uploaded-file.ts';
import type { Uploads } from '../shared/uploads/uploads.ts';

/**
 * The interface between the executor and the sources that answer its fetches: an HTTP subgraph, or code in this process.
 * The executor has no other contact with the network.
 */

/** The part of an `AbortSignal` that sources use. cancellation.ts has a lighter implementation. */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Whether it was aborted because the time of the whole client request is over. */
  readonly isTimeout?: boolean;
  addEventListener(type: 'abort', listener: CancelListener): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

export type CancelListener = (() => void) | { handleEvent(): void };

/** State that all fetches of one client request share. Created once per client request. */
export interface ClientContext extends Partial<ClientInfo> {
  readonly requestId: string;
  /** Header names in lower case. Header rules and sharing keys are computed from them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Aborted when the client disconnects, the request times out, or the server stops without waiting. */
  readonly signal?: CancelSignal;
  /** When the whole client request times out, by `performance.now()`, if it does at one moment. */
  readonly deadline?: number | undefined;
  /** The timeout of the whole client request, in milliseconds, if there is one. */
  readonly timeoutMs?: number | undefined;
  /** Times and fetches of the request, where something needs them. */
  readonly record?: RequestRecord | undefined;
  /** What happens to the operation, for a client that sent `x-headgate-debug`. */
  readonly debug?: DebugTrace | undefined;
  /** The files of the request, which arrive while the operation runs. */
  readonly uploads?: Uploads | undefined;
  /** The operation, for the log. Set once it is known. */
  operation?: OperationLabel | undefined;
  /** Whether a source has sent data with the status of an error. Nothing with it is cached. */
  hasErrorStatus?: boolean | undefined;
}

/** The memory for long responses of one execution, see `executor/memory-budget.ts`. */
export interface ResponseMemory {
  /**
   * Takes memory for a text of a size in characters, before it is decoded or parsed. Calls `proceed` when it may be processed, now or
   * later, and with `true` when the execution has ended: the client has disconnected, or there is no memory. Throws `OverloadedError`
   * where only this response has to be left out.
   */
  take(size: number, proceed: (isOver: boolean) => void): void;
}

/** The parts of a fetch, for a cache that keeps each entity on its own. Its methods work only until the fetch is answered. */
export interface FetchParts {
  readonly planned: PlannedRequest;
  /** Returns the look-ups that have entities, in the order of the document. */
  lookups(): readonly FetchLookup[];
  /** Returns the root fields, in the order of the document; `undefined` where there are none, or they cannot be separated. */
  rootFields(): readonly RootFieldText[] | undefined;
  /**
   * Writes a body with some of the entities, or of the root fields only.
   * @param kept for each of the {@link lookups}, the ascending indices of its entities; for each of the {@link rootFields}, `[0]` or `[]`
   */
  write(kept: readonly (readonly number[])[]): Pick<SourceRequest, 'body' | 'sharedBody'>;
  /** Returns the value of a client variable. */
  variable(name: string): unknown;
  /** Type names of the graph, by those in responses. Only where they differ. */
  readonly graphTypes?: ReadonlyMap<string, string> | undefined;
}

/** One `_entities` field of a fetch. */
export interface FetchLookup {
  readonly planned: PlannedLookup;
  /** The response key of the list of entities. */
  readonly alias: string;
  /** What is selected of each entity, with the names of the client variables in it. */
  readonly selection: PrintedDocument;
  /** The representations, as JSON texts. */
  readonly representations: readonly string[];
  /** The values from contexts, as JSON members; empty where it takes none. */
  readonly contextValues: string;
}

/** The files of one fetch, each with its paths in the body: `['variables.files.0']`. */
export type FetchFiles = ReadonlyMap<UploadedFile, readonly string[]>;

export interface SourceRequest {
  /** The GraphQL-over-HTTP request body, as JSON text: `{"query":"…","variables":{…}}`. */
  readonly body: string;
  /** The body without the name of its operation, if it has one. Requests for which it is equal may share a response. */
  readonly sharedBody?: string | undefined;
  /** The parts of the fetch. Only for subgraphs whose responses are cached. */
  readonly parts?: FetchParts | undefined;
  /** Whether the body is another one than that of the parts, so that its response cannot be divided into their values. */
  readonly isRewritten?: boolean | undefined;
  /** Reads may be shared and retried; mutations never. */
  readonly operationType: 'query' | 'mutation' | 'subscription';
  readonly client: ClientContext;
  /** Deadline by `performance.now()`, if it is before the source's own timeout. */
  readonly deadline?: number | undefined;
  /** When it was sent on, by `performance.now()`: reading the clock takes a tenth of a microsecond. A layer that waits removes it. */
  readonly sentAt?: number | undefined;
  /** Cancels this call alone. Layers that set it abort it also when the client's signal is aborted, so it replaces that. */
  readonly signal?: CancelSignal | undefined;
  /** Whether the call needs a connection that no call has used before. */
  readonly needsFreshConnection?: boolean | undefined;
  /**
   * URLs that tries of this request have used. A layer that sends a request several times passes the same object each time: the
   * balancer adds to it, and avoids what is in it. Missing for requests that are sent once.
   */
  readonly tried?: TriedUrls | undefined;
  /** The span of the fetch or of the try, where the trace of the client request is recorded. */
  readonly span?: CallSpan | undefined;
  /** The memory for long responses; where it is missing, none waits. Its text need not be counted again, see `parsed`. */
  readonly memory?: ResponseMemory | undefined;
  /** For a subscription: it is resumed after the event with this cursor. Only for sources that {@link Source.resumes}. */
  readonly cursor?: string | undefined;
  /** The files among the variables, which are null in `body`. */
  readonly files?: FetchFiles | undefined;
  /**
   * Whether it can be sent only once, because the client still sends parts of it: its files. Layers send it once, share no response of it,
   * and do not hold its time against the source: that depends on the client.
   */
  readonly isOneShot?: boolean | undefined;
  /** Records what the layers and the source do. Only where the client's request has a debug trace. */
  readonly trace?: FetchTrace | undefined;
  /** Set for a fetch of an entity that an event is about: nothing that is older than the event answers it. */
  readonly event?: FetchEvent | undefined;
}

/** The event that a fetch is for. */
export interface FetchEvent {
  /** When it arrived, see `nextInOrder`. What was sent earlier may have values from before the event. */
  readonly order: number;
  /** Whether the event is about an entity, by its representation. */
  isAbout(representation: string): boolean;
}

/** The reason why a source returned no GraphQL result. Clients may see `message`: it has no addresses and no stack. */
export interface SourceFailure {
  readonly code:
    | 'SUBREQUEST_HTTP_ERROR'
    | 'SUBREQUEST_MALFORMED_RESPONSE'
    | 'SUBREQUEST_TIMEOUT'
    | 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED'
    | 'SUBREQUEST_QUEUE_FULL'
    | 'RATE_LIMITED'
    | 'OVERLOADED'
    | 'PLUGIN_FAILED'
    | 'BAD_USER_INPUT';
  readonly message: string;
  /** The cause in a few words, as `extensions.reason`. */
  readonly reason?: string;
  /** What went wrong in the gateway itself; for the log, never for clients. */
  readonly cause?: unknown;
  /** The HTTP status, if the source responded. */
  readonly status?: number;
  /** Seconds until the request may be retried. */
  readonly retryAfter?: number;
  /** Whether the connection was lost before any byte of a response. A read can be sent again then. */
  readonly isConnectionLoss?: boolean;
  /** Whether that connection had served another request before, so that it probably was closed while it was idle. */
  readonly wasIdle?: boolean;
  /** Whether there was no connection, or it was lost, also in the middle of a response. */
  readonly isConnectionFailure?: boolean;
  /** Whether there was no connection, or the source states that it has processed nothing. Even a mutation can be sent again then. */
  readonly isUnsent?: boolean;
  /** Whether a plugin failed or refused the request, so that it says nothing about the source. */
  readonly isOfPlugin?: boolean;
}

/** What the gateway knows of a response beside its content. */
export interface ResponseFacts {
  /** A failure that the errors in the result report, like an API that did not respond. For the log and the metrics. */
  readonly failed?: Pick<SourceFailure, 'code' | 'reason' | 'status'> | undefined;
  /** Seconds after which the source wants the next request. Only for a status of 429 and 503. */
  readonly retryAfter?: number | undefined;
  /** The response that this one was made from. Clients that share a response have the same one here. */
  readonly madeFrom?: SubgraphResponse | undefined;
  /** Tags that the source gives the response, where it does that in another way than by headers. */
  readonly tags?: readonly string[] | undefined;
  /** Adds tags to what the source itself has cached of the response. */
  readonly tagCached?: ((tags: Iterable<string>, moment: CacheMoment) => Promise<void>) | undefined;
  /** What of the response came from the cache, where that is recorded. */
  readonly cache?: CacheUse | undefined;
  /** Whether the source itself has reported the problems of the responses behind this one to the {@link ResponseObserver}. */
  readonly isObserved?: boolean | undefined;
}

export type SubgraphResponse =
  /** The body of a response that may be a GraphQL result; the executor parses it. */
  | ({
      readonly kind: 'text';
      readonly text: string;
      readonly status: number;
      /** False when the source has checked that no number in the text has more than fifteen digits. */
      readonly mayHaveLongNumbers?: boolean | undefined;
      /** When it was complete, by `performance.now()`. Only for requests with {@link SourceRequest.sentAt}. */
      readonly receivedAt?: number | undefined;
      /** A flat list of names, in lower case, and values. Only from sources with `returnsHeaders`. */
      readonly headers?: readonly string[] | undefined;
      /** How long the response may be cached. Only from sources that read it, and only if the response states it. */
      readonly freshness?: Freshness | undefined;
    } & ResponseFacts)
  /**
   * A response that code in this process has made. The executor owns its objects, so it is for one execution. `shareInFlight` turns
   * it into text for several.
   */
  | ({
      readonly kind: 'parsed';
      readonly result: unknown;
      /** About how many characters its text has. */
      readonly size: number;
      readonly status: number;
      readonly headers?: readonly string[] | undefined;
      readonly freshness?: Freshness | undefined;
    } & ResponseFacts)
  | { readonly kind: 'failure'; readonly failure: SourceFailure };

/** Extensions of a GraphQL error that a source returned. */
export interface SourceError {
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Receives the problems of responses that only show when a response is parsed. Good responses never reach it. Each of the
 * methods is called at most once for a response, by each of the client requests that share the response.
 */
export interface ResponseObserver {
  /** Receives a response that cannot be used, or of which a part cannot. */
  failed(subgraph: string, response: SubgraphResponse, failure: SourceFailure, client?: ClientContext): void;
  /**
   * Receives a GraphQL result with errors.
   * @param hasData whether there is data beside the errors
   * @param client the request that got the response, for the log
   */
  graphqlErrors(
    subgraph: string,
    response: SubgraphResponse,
    errors: readonly SourceError[],
    hasData: boolean,
    client?: ClientContext,
  ): void;
}

/** Headers of one client request that a source sends with its fetches, beside its own. */
export interface ForwardedHeaders {
  /** A flat list of names, in lower case, and valid header values. */
  readonly pairs: readonly string[];
  /** Equal for two client requests that may share a response, as far as these headers are concerned. */
  readonly sharingKey: string;
  /** Names of headers that only correlate requests, like trace ids. No response depends on them. */
  readonly correlation?: ReadonlySet<string>;
  /** Names of headers that identify clients or locate them, whether or not this request has them. */
  readonly identityHeaders?: ReadonlySet<string>;
  /** Whether a rule removes `traceparent`, so that the source gets no trace context. */
  readonly removesTrace?: boolean;
}

/** Returns the forwarded headers by the rules of one source. Always returns the same object for one client request. */
export type ForwardHeaders = (client: ClientContext) => ForwardedHeaders;

/** What a source knows of an event, beside its result. */
export interface EventFacts {
  /** A subscription can be resumed after this event by it. */
  readonly cursor?: string | undefined;
  /** Whether the source knows that events may be missing before it. */
  readonly mayHaveMissed?: boolean | undefined;
  /** Whether the source can wait for a sink that is not ready, without losing an event. */
  readonly canWait?: boolean | undefined;
  /** When it arrived, see `nextInOrder`, where several subscriptions receive the same event. */
  readonly order?: number | undefined;
}

/** Receives the events of one subscription. */
export interface SubscriptionSink {
  /**
   * Receives an event: the text of a GraphQL result.
   * @returns a promise while the sink is not ready for the next event (back-pressure). The source waits for it: it stops
   * reading from the upstream, and delivers nothing meanwhile. It never rejects.
   */
  next(text: string, facts?: EventFacts): void | Promise<void>;
  /** Receives the cursor by which the subscription is resumed where it has had no event. */
  begin?(cursor: string): void;
  /** Ends the subscription with a failure: it could not start, or it was interrupted. */
  error(failure: SourceFailure): void;
  /**
   * Ends the subscription with the errors of the source, which has refused to start it or to go on.
   * @param text a GraphQL result without data
   */
  refuse(text: string): void;
  /** Ends the subscription after its last event. */
  complete(): void;
}

/** Cancels a subscription. Later calls do nothing. */
export type CancelSubscription = () => void;

/** A subgraph that the executor can send requests to. */
export interface Source {
  /** The subgraph's name in errors and logs, like `products`. */
  readonly name: string;
  /** The most entities that one request may look up. The executor splits larger ones. Missing where there is no limit. */
  readonly maxEntities?: number | undefined;
  /** Calls `done` exactly once, now or later; never throws. */
  send(request: SourceRequest, done: (response: SubgraphResponse) => void): void;
  /**
   * Starts a subscription; missing where the source has none. Never throws: what goes wrong is an `error` of the sink.
   *
   * Calls `next` any number of times, and then exactly one of `complete`, `error` and `refuse`, now or later. Calls nothing while a
   * promise of `next` is pending. Calls nothing after the subscription is cancelled, which the returned function does, and
   * the signal of the client: a cancelled subscription has no end.
   *
   * A source may share one upstream subscription among equal requests. It cancels the upstream when the last subscriber
   * has cancelled, and not before.
   */
  subscribe?(request: SourceRequest, sink: SubscriptionSink): CancelSubscription;
  /**
   * Returns what the events of a subscription depend on, beside the URL of the subgraph and the body of the request. Missing where that is
   * all. While it stays the same, an upstream subscription goes on under a new schema.
   */
  subscriptionKey?(request: SourceRequest): string;
  /** Returns whether a subscription can be resumed, so that its events have cursors. Missing where none can. */
  resumes?(request: SourceRequest): boolean;
  /** Closes connections after requests in flight have completed. */
  close(): Promise<void>;
}
