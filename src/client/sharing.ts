import type { IncomingHttpHeaders } from 'node:http';

/**
 * Headers that say nothing about whose request it is or what it may see, and that are not sent on to subgraphs. All
 * others count, also unknown ones: the price of a header too many in a key is a shared answer less.
 */
const NEUTRAL_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'cache-control',
  'connection',
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

/** The same for two requests whose answers may be the same for all that their headers say. */
export function headersKey(headers: IncomingHttpHeaders): string {
  let key = '';
  // Header values hold no line breaks, so no two sets of headers make the same text.
  for (const name in headers) if (!NEUTRAL_HEADERS.has(name)) key += `${name}:${headers[name]}\n`;
  return key;
}

/** RFC 9111, section 5.2.1.5: a client that says `no-store` wants an answer of its own. */
export function forbidsSharing(headers: IncomingHttpHeaders): boolean {
  return headers['cache-control']?.includes('no-store') === true;
}
