import * as z from 'zod';

/** The name of an HTTP header (RFC 9110, section 5.1), in lower case from here on. */
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header, such as "x-user-id"')
  .transform((name) => name.toLowerCase());

/** The value of an HTTP header: no line breaks, nothing beyond Latin-1. */
export const headerValue = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a tab is allowed in the middle of a value
  .regex(/^[\u0009\u0020-\u007e\u0080-\u00ff]*$/, 'expected one line of Latin-1 text, as header values are');

/**
 * Headers that are about one connection and the body on it, not about the request (RFC 9110, sections 7.6.1 and 8):
 * the gateway writes its own ones towards subgraphs and towards clients.
 */
export const HOP_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The name of a header that may be passed on from one connection to another. */
export const forwardableName = headerName.refine((name) => !HOP_HEADERS.has(name), {
  error: ({ input }) => `"${String(input)}" is about one connection, or the body on it, and is never passed on`,
});
