type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A request of a client, with its trace where traces are on. */
interface TracedRequest {
  /** Names in lower case. */
  readonly requestHeaders: Headers;
  readonly traceId?: string | undefined;
  readonly isSampled?: boolean | undefined;
}

/** The client of a fetch, with the trace of its request where traces are on. */
interface TracedClient {
  /** Names in lower case. */
  readonly headers: Headers;
  readonly trace?: { readonly traceId: string; readonly isSampled: boolean } | undefined;
}

/** Returns the id of the trace of a request, if something records that trace. */
export function traceOfRequest({ requestHeaders, traceId, isSampled }: TracedRequest): string | undefined {
  if (traceId !== undefined) return isSampled ? traceId : undefined;
  return sampledTrace(requestHeaders.traceparent);
}

/** Returns the id of the trace that a fetch belongs to, if something records that trace. */
export function traceOfFetch({ headers, trace }: TracedClient): string | undefined {
  if (trace !== undefined) return trace.isSampled ? trace.traceId : undefined;
  return sampledTrace(headers.traceparent);
}

const TRACE_PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]([\da-f])(?:-|$)/;
const ODD = /[13579bdf]/;

/** Returns the trace id of a `traceparent` with the flag `sampled`. @see https://www.w3.org/TR/trace-context/#traceparent-header */
function sampledTrace(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const [, traceId, flags = ''] = TRACE_PARENT.exec(header) ?? [];
  return ODD.test(flags) ? traceId : undefined;
}
