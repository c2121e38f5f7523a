import type { IncomingHttpHeaders } from 'node:http';

/**
 * Headers that correlate requests, and that no response depends on. Requests that differ only in these share one response.
 */
export const CORRELATION_HEADERS: ReadonlySet<string> = new Set(['x-request-id', 'traceparent', 'tracestate']);

/**
 * Headers that say nothing about the client or its rights, unless something reads them. All others count, also unknown ones: an
 * unnecessary header in a key only costs a shared response. `connection` counts, too, since it may list headers that are then not
 * passed on.
 */
const NEUTRAL_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'cache-control',
  'content-length',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'pragma',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'user-agent',
  'x-request-id',
]);

/** Returns the neutral headers, without those that rules, connectors or labels read. */
export function dedupeIgnoredHeaders(isRead: (name: string) => boolean): ReadonlySet<string> {
  const unread = [...NEUTRAL_HEADERS].filter((name) => !isRead(name));
  return unread.length === NEUTRAL_HEADERS.size ? NEUTRAL_HEADERS : new Set(unread);
}

/** Returns a key that is equal for two requests whose headers allow the same response. */
export function headersKey(headers: IncomingHttpHeaders, neutral: ReadonlySet<string> = NEUTRAL_HEADERS): string {
  let key = '';
  // values have no line breaks, so different headers never give the same text
  for (const name in headers) if (!neutral.has(name)) key += `${name}:${headers[name]}\n`;
  return key;
}

/** Whether a client sent `no-store`, and so gets a response of its own (RFC 9111, section 5.2.1.5). */
export function forbidsSharing(headers: IncomingHttpHeaders): boolean {
  return headers['cache-control']?.includes('no-store') === true;
}
