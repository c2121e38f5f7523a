import type { TracedRequest } from '../../shared/trace.ts';
import { ATTRIBUTES as A } from './attributes.ts';
import type { Span } from './span.ts';

/** Methods that may be the name of a span. Clients can send anything. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
]);

/** The most error codes of a span, and the longest of them. */
const MOST_CODES = 20;
const LONGEST_CODE = 128;

/**
 * Ends the span of a request. It has no URL, since paths and queries can have values of clients in them. Its status is an error for a
 * response of 500 and above, and for a failed subgraph; a client's mistake is none.
 */
export function endRequestSpan(span: Span, request: TracedRequest): void {
  const { status, route, operation, errors, client } = request;
  const isKnown = METHODS.has(request.method);
  const method = isKnown ? request.method : 'HTTP';
  span.name = route === undefined ? method : `${method} ${route}`;
  span.setKnown(A.method, isKnown ? request.method : '_OTHER');
  span.setKnown(A.route, route);
  if (route !== undefined && !route.includes(':')) span.setKnown(A.urlPath, route);
  span.setKnown(A.urlScheme, request.scheme);
  span.setKnown(A.protocolVersion, request.httpVersion);
  span.set(A.requestId, request.requestId);
  span.set(A.endpoint, request.endpoint);
  span.set(A.clientName, client.name);
  span.set(A.clientVersion, client.version);
  if (!span.isNamed) {
    span.setKnown(A.operationType, operation?.type || undefined);
    span.set(A.operationName, operation?.name);
  }
  const codes = codesIn(errors);
  if (codes.length > 0) span.set(A.errorCodes, codes);
  const hasFailed =
    (status !== undefined && status >= 500) || errors.some(({ extensions }) => extensions?.service !== undefined);
  if (hasFailed) span.fail(codes[0] ?? String(status));
  span.end({ status, isCancelled: status === undefined });
}

function codesIn(errors: TracedRequest['errors']): string[] {
  const codes = new Set<string>();
  for (const { extensions } of errors) {
    if (codes.size >= MOST_CODES) break;
    if (typeof extensions?.code === 'string') codes.add(extensions.code.slice(0, LONGEST_CODE));
  }
  return [...codes];
}
