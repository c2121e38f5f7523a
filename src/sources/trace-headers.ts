import { readTraceParent, readTraceState } from '../shared/trace-context.ts';
import type { ForwardedHeaders, SourceRequest } from './source.ts';

const NONE: readonly string[] = [];

/**
 * Returns the headers by which a request to a source continues the trace of its client: from its span, or from the place of the client
 * request. Where traces are off, `traceparent` and `tracestate` of the client pass unchanged. A header rule that removes
 * `traceparent` keeps a source out of the trace.
 */
export function traceHeaders(
  { span, client }: Pick<SourceRequest, 'span' | 'client'>,
  forwarded: ForwardedHeaders | undefined,
): readonly string[] {
  const place = span ?? client.trace;
  if (place === undefined && client.headers.traceparent === undefined) return NONE;
  if (forwarded?.removesTrace) return NONE;
  return place === undefined ? passedOn(client, forwarded) : place.headers;
}

/** Returns the client's own headers. Those of header rules, and of plugins, take precedence. */
function passedOn({ headers }: SourceRequest['client'], forwarded: ForwardedHeaders | undefined): readonly string[] {
  const { traceparent, tracestate, connection } = headers;
  if (readTraceParent(traceparent) === undefined || forwarded?.pairs.includes('traceparent')) return NONE;
  // a header that `connection` lists is for the gateway alone (RFC 9110, section 7.6.1)
  if (connection !== undefined && /traceparent/i.test(String(connection))) return NONE;
  const pairs = ['traceparent', traceparent as string];
  const state = readTraceState(tracestate);
  return state === undefined ? pairs : [...pairs, 'tracestate', state];
}
