import type { DocumentNode } from 'graphql';
import type { OperationLabel } from './request-notes.ts';

/** A place in a trace: that of a span, or where a span would be if the trace were recorded. */
export interface TracePlace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the trace is recorded. */
  readonly isSampled: boolean;
  /** The headers of requests that are sent from here: a flat list of names, in lower case, and values. */
  readonly headers: readonly string[];
}

/** How a piece of work ended. Spans have no messages of errors: those can contain values of clients. */
export interface SpanEnd {
  /** The HTTP status, if there was a response. */
  readonly status?: number | undefined;
  /** The error code, if it failed. */
  readonly code?: string | undefined;
  /** The cause in a few words. */
  readonly reason?: string | undefined;
  /** Whether nobody needed its result any more. */
  readonly isCancelled?: boolean | undefined;
}

/** The recorded span of a fetch, of a call of a REST API, or of a try of one of them. */
export interface CallSpan extends TracePlace {
  /** Starts the span of a call of a REST API. `template` is its path without values. */
  startCall(method: string, template: string): CallSpan;
  /** Starts the span of a try. Further ones are retries or hedges. */
  startTry(method: string): CallSpan;
  /** Records where a request is sent. `url` has no credentials and no query. */
  sentTo(url: string): void;
  /** Records that the result of another call is used. */
  join(other: TracePlace | undefined): void;
  /** Ends the span. */
  end(how: SpanEnd): void;
}

/** A payload of a result in parts, after the first one. */
export interface TracedPayload {
  readonly label: string | undefined;
  /** Response keys and indices, with dots between them. */
  readonly path: string;
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** Its first error. */
  readonly error: { readonly code: unknown } | undefined;
}

/** Records the spans of an operation. */
export interface OperationSpans {
  /** Starts the span of a stage. Returns what ends it; `undefined` for stages with spans of their own. */
  startStage(stage: string): ((end: { readonly error?: unknown }) => void) | undefined;
  /** Runs a stage, and records its span. */
  observe<T>(stage: string, work: () => T): T;
  /** Records the span of a payload that ends now. */
  addPayload(payload: TracedPayload): void;
  /** Starts the span of a fetch. */
  startFetch(subgraph: string, operationType: string): CallSpan;
  /** Records which operation it is; called before its first fetch. */
  name(operation: OperationLabel, document: DocumentNode): void;
  /** Starts the span of one operation of a batch. It ends with the batch. */
  startOperation(): OperationSpans;
}

/** A request that has ended, for its span. */
export interface TracedRequest {
  readonly requestId: string;
  readonly method: string;
  /** The path as the config or an endpoint declares it: `/bff/web/products/:id`. `undefined` where there is none. */
  readonly route: string | undefined;
  readonly scheme: string;
  readonly httpVersion: string;
  /** `undefined` where the client got no whole response. */
  readonly status: number | undefined;
  readonly operation: OperationLabel | undefined;
  readonly endpoint: string | undefined;
  readonly errors: readonly { readonly extensions?: { readonly [name: string]: unknown } | undefined }[];
  readonly client: { readonly name: string | undefined; readonly version: string | undefined };
}

/** The trace of one HTTP request to the gateway. Its place is that of the request's own span. */
export interface RequestTrace extends TracePlace {
  /** Records spans; `undefined` where the trace is not recorded. */
  readonly spans: OperationSpans | undefined;
  /** Records that the request gets the result of another one's execution. */
  join(other: TracePlace | undefined): void;
  end(request: TracedRequest): void;
}

/** Begins the traces of requests. */
export interface Tracer {
  /**
   * Begins the trace of a request.
   * @param isTrusted whether its peer is a trusted proxy, so that it may decide what is recorded
   * @param startedAt by `performance.now()`
   */
  begin(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    isTrusted: boolean,
    startedAt: number,
  ): RequestTrace;
  /** Sends what is recorded, and ends. */
  close(): Promise<void>;
}
