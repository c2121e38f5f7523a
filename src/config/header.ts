import * as z from 'zod';

/** The name of an HTTP header (RFC 9110, section 5.1), or `*` where that means all headers. Converted to lower case. */
export const headerNameOrAll = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header, such as "x-user-id"')
  .transform((name) => name.toLowerCase());

/** The name of one header. */
export const headerName = headerNameOrAll.refine((name) => name !== '*', {
  error: 'expected the name of a header, such as "x-user-id"; "*" does not mean all headers here',
});

/**
 * Returns issues for `*` in the lists of a CORS policy with credentials, where browsers read it as a literal header name.
 * @see https://fetch.spec.whatwg.org/#http-new-header-syntax
 */
export function literalWildcards(lists: {
  readonly allow_headers?: readonly string[] | undefined;
  readonly expose_headers?: readonly string[] | undefined;
}): { code: 'custom'; path: (string | number)[]; message: string }[] {
  return (['allow_headers', 'expose_headers'] as const).flatMap((key) =>
    (lists[key] ?? []).flatMap((name, index) => {
      const message = 'with credentials, browsers do not read "*" as all headers; name the headers';
      return name === '*' ? [{ code: 'custom', path: [key, index], message }] : [];
    }),
  );
}

/** The name of a cookie (RFC 6265, section 4.1.1). */
export const cookieName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a cookie, such as "session"');

/** The value of an HTTP header: no line breaks, nothing beyond Latin-1. */
export const headerValue = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a tab is allowed in the middle of a value
  .regex(/^[\u0009\u0020-\u007e\u0080-\u00ff]*$/, 'expected one line of Latin-1 text, as header values are');

/**
 * Headers about one connection and its body, not about the request (RFC 9110, sections 7.6.1 and 8). The gateway sets its own
 * values for subgraphs and for clients.
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

/** Whether a header is about one connection or its body. Names such as `:path` are pseudo-headers of HTTP/2. */
function isOfConnection(name: string): boolean {
  return HOP_HEADERS.has(name) || name.startsWith('proxy-') || name.startsWith(':');
}

/** Whether no rule may send a client header to subgraphs. */
export function isNeverForwarded(name: string): boolean {
  return isOfConnection(name) || name.startsWith('content-') || name.startsWith('sec-websocket-');
}

/** Request headers about the client's cached response, or about the path of the request. Only rules by name forward them. */
const FORWARDED_BY_NAME = new Set(['max-forwards', 'range', 'via']);

/** Whether a rule by pattern may send a client header to subgraphs. */
export function isForwardedByPattern(name: string): boolean {
  return !isNeverForwarded(name) && !FORWARDED_BY_NAME.has(name) && !name.startsWith('if-');
}

/** Headers that describe one response, or that the gateway sets itself. */
const NEVER_RETURNED = new Set([
  'accept-ranges',
  'age',
  'alt-svc',
  'date',
  'digest',
  'etag',
  'last-modified',
  'repr-digest',
  'x-request-id',
]);
/** Headers that begin with `content-` but do not describe a body. */
const ABOUT_NO_BODY = new Set(['content-language', 'content-security-policy', 'content-security-policy-report-only']);

/** Whether no rule may return a header of a subgraph response to clients. */
export function isNeverReturned(name: string): boolean {
  if (isOfConnection(name) || NEVER_RETURNED.has(name) || name.startsWith('access-control-')) return true;
  return name.startsWith('content-') && !ABOUT_NO_BODY.has(name);
}

/** Headers about caching, about the subgraph's own server and site, or for proxies before it. Only rules by name return them. */
const RETURNED_BY_NAME = new Set([
  ...[
    'allow',
    'authentication-info',
    'cache-control',
    'cache-status',
    'clear-site-data',
    'document-policy',
    'expect-ct',
  ],
  ...['expires', 'idempotency-replayed', 'link', 'location', 'nel', 'no-vary-search', 'origin-agent-cluster'],
  ...['permissions-policy', 'pragma', 'public-key-pins', 'referrer-policy', 'refresh', 'report-to'],
  ...['reporting-endpoints', 'retry-after', 'server', 'server-timing', 'service-worker-allowed', 'set-login'],
  ...['sourcemap', 'speculation-rules', 'strict-transport-security', 'surrogate-control', 'surrogate-key'],
  ...[
    'timing-allow-origin',
    'traceparent',
    'traceresponse',
    'tracestate',
    'vary',
    'via',
    'warning',
    'www-authenticate',
  ],
  ...['x-content-type-options', 'x-dns-prefetch-control', 'x-frame-options', 'x-lighttpd-send-file'],
  ...['x-permitted-cross-domain-policies', 'x-robots-tag', 'x-sendfile', 'x-xss-protection'],
]);

/**
 * Families of such headers. Headers for one cache (`CDN-Cache-Control`, RFC 9213) override `Cache-Control` there, and nginx
 * executes `X-Accel-Redirect`.
 */
const RESERVED_FAMILIES =
  /^(?:content-|cross-origin-|x-accel-|accept-|critical-|ratelimit(?:-|$))|-cache-control(?:-|$)/;

/** Whether a rule by pattern may return a header of a subgraph response to clients. */
export function isReturnedByPattern(name: string): boolean {
  if (isNeverReturned(name) || RETURNED_BY_NAME.has(name)) return false;
  return !RESERVED_FAMILIES.test(name);
}

/** The name of a header that may be passed on from one connection to another. */
export const forwardableName = headerName.refine((name) => !HOP_HEADERS.has(name), {
  error: ({ input }) => `"${String(input)}" belongs to one connection or its body, and is never passed on`,
});

/** The name of a header that a rule may send to subgraphs. */
export const requestHeaderName = forwardableName.refine((name) => !isNeverForwarded(name), {
  error: ({ input }) => `"${String(input)}" belongs to one connection or its body, and is never passed on`,
});

/** The name of a header that a rule may return to clients. */
export const responseHeaderName = forwardableName.refine((name) => !isNeverReturned(name), {
  error: ({ input }) =>
    `"${String(input)}" describes the subgraph's own response, and is never returned to clients; \`rename\` it, or \`insert\` one`,
});
