import type { IncomingHttpHeaders } from 'node:http';

/**
 * Headers that say which requests belong together and nothing that an answer may depend on: requests that differ in these
 * alone are answered together.
 */
export const CORRELATION_HEADERS: ReadonlySet<string> = new Set(['x-request-id', 'traceparent', 'tracestate']);

/**
 * Headers that say nothing about whose request it is or what it may see, as long as nobody reads them on the way to the
 * answer. All others count, also unknown ones: the price of a header too many in a key is a shared answer less. So does
 * `connection`, which may name headers that are then not passed on.
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

/** The neutral headers where some are read: by rules that pass them on, by connectors, by whatever chooses an answer. */
export function dedupeIgnoredHeaders(isRead: (name: string) => boolean): ReadonlySet<string> {
  const unread = [...NEUTRAL_HEADERS].filter((name) => !isRead(name));
  return unread.length === NEUTRAL_HEADERS.size ? NEUTRAL_HEADERS : new Set(unread);
}

/** The same for two requests whose answers may be the same for all that their headers say. */
export function headersKey(headers: IncomingHttpHeaders, neutral: ReadonlySet<string> = NEUTRAL_HEADERS): string {
  let key = '';
  // Header values hold no line breaks, so no two sets of headers make the same text.
  for (const name in headers) if (!neutral.has(name)) key += `${name}:${headers[name]}\n`;
  return key;
}

/** RFC 9111, section 5.2.1.5: a client that says `no-store` wants an answer of its own. */
export function forbidsSharing(headers: IncomingHttpHeaders): boolean {
  return headers['cache-control']?.includes('no-store') === true;
}
