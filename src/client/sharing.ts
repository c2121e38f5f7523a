import type { IncomingHttpHeaders } from 'node:http';

/**
 * Headers that correlate requests, and that no response depends on. Requests that differ only in these share one response.
 */
export const CORRELATION_HEADERS: ReadonlySet<string> = new Set(['x-request-id', 'traceparent', 'tracestate']);

/**
 * Headers that say nothing about the client or its rights. Where it is unknown which headers are read, all others count, also unknown
 * ones: an unnecessary header in a key only costs a shared response. `connection` counts, too, since it may list headers that are then
 * not passed on.
 */
export const UNCOUNTED_HEADERS: ReadonlySet<string> = new Set([
  ...CORRELATION_HEADERS,
  'accept-encoding',
  'cache-control',
  'content-length',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'pragma',
  'transfer-encoding',
  'user-agent',
]);

/** Whether a client sent `no-store`, and so gets a response of its own (RFC 9111, section 5.2.1.5). */
export function forbidsSharing(headers: IncomingHttpHeaders): boolean {
  return headers['cache-control']?.includes('no-store') === true;
}

/** Whether a client sent `no-cache`, and so gets new values (RFC 9111, section 5.2.1.4). They are cached for others. */
export function wantsReload(headers: IncomingHttpHeaders): boolean {
  return headers['cache-control']?.includes('no-cache') === true;
}
