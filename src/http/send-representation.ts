import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAcceptEncoding } from '../shared/accept-encoding.ts';
import { type Coding, encodeBody } from '../shared/content-codings.ts';
import { pathOf } from '../shared/url-path.ts';
import { clientWritesOf } from './client-writes.ts';
import { etagOfCoding, matchesIfMatch, matchesIfNoneMatch } from './conditional.ts';
import { type ProblemDetails, problemResponse } from './problem.ts';
import type { HttpResponse } from './response.ts';
import { addVary } from './vary.ts';
import { writeResponse } from './write-response.ts';

/** A response that supports conditional requests and content codings. */
export interface Representation extends HttpResponse {
  /** Strong entity tag of the uncompressed body; `undefined` where conditional requests are not supported. */
  readonly etag?: string | undefined;
  /** Compressed bodies by coding, for a response that is sent more than once; filled on demand. */
  readonly encodedBodies?: Map<string, Buffer> | undefined;
}

export interface RepresentationSettings {
  /** Smallest body that is compressed, in bytes; `undefined` disables compression. */
  readonly compressFrom: number | undefined;
  /** Public path of the gateway behind a proxy, such as `/shop-api`; empty at the root. */
  readonly pathPrefix: string;
}

/**
 * Sends a response: 304 where the client has it, 412 where `If-Match` excludes it, and compressed where that is worthwhile. Throws
 * `OverloadedError`, or rejects with it, for a large response to a read for which there is no memory.
 */
export function sendRepresentation(
  req: IncomingMessage,
  res: ServerResponse,
  representation: Representation,
  { compressFrom, pathPrefix }: RepresentationSettings,
): void | Promise<void> {
  if (res.destroyed || res.headersSent) return;
  const response = withListHeaders(res, res.hasHeader('set-cookie') ? asUncacheable(representation) : representation);
  const { etag, headers, body, encodedBodies } = response;
  const accepted = readAcceptEncoding(req.headers['accept-encoding']);
  const compressible = compressFrom !== undefined && (body.length >= compressFrom || !accepted.identity);
  if (compressible) addVary(res, headers.vary === undefined ? 'accept-encoding' : `${headers.vary}, accept-encoding`);
  const encoding = compressible && body.length > 0 ? accepted.best : undefined;
  const selected = encoding && etag ? etagOfCoding(etag, encoding) : etag;
  const wanted = req.headers['if-match'];
  if (wanted !== undefined && response.status < 300 && !matchesIfMatch(wanted, selected))
    return writeResponse(res, preconditionFailed(response, pathPrefix + pathOf(req.url ?? '/')));
  const known = req.headers['if-none-match'];
  if (known !== undefined && selected !== undefined && matchesIfNoneMatch(known, selected))
    return writeResponse(res, notModified(res, response, selected));
  if (encoding === undefined) return write(res, response, body, selected, undefined);
  const encodedBody = encodedBodies?.get(encoding);
  if (encodedBody !== undefined) return write(res, response, encodedBody, selected, encoding);
  return encodeWithin(res, response, encoding).then((encoded) => write(res, response, encoded, selected, encoding));
}

/** A response with a cookie is for one client, so shared caches must not store it. */
function asUncacheable(response: Representation): Representation {
  const control = response.headers['cache-control'];
  if (control === undefined || /\b(?:private|no-store)\b/.test(String(control))) return response;
  return { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } };
}

async function encodeWithin(res: ServerResponse, representation: Representation, coding: Coding): Promise<Buffer> {
  const writes = clientWritesOf(res);
  if (writes === undefined) return encode(representation, coding);
  return writes.hold(representation.body, mustSend(res), () => encode(representation, coding));
}

async function encode({ body, encodedBodies }: Representation, coding: Coding): Promise<Buffer> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const encoded = await encodeBody(bytes, coding, { thoroughly: encodedBodies !== undefined });
  encodedBodies?.set(coding, encoded);
  return encoded;
}

function write(
  res: ServerResponse,
  { status, headers }: Representation,
  body: string | Buffer,
  etag: string | undefined,
  encoding: Coding | undefined,
): void {
  const inAnyCase = mustSend(res);
  if (!inAnyCase) clientWritesOf(res)?.check(body);
  if (etag !== undefined && !res.headersSent) res.setHeader('etag', etag);
  if (encoding !== undefined && !res.headersSent) res.setHeader('content-encoding', encoding);
  writeResponse(res, { status, headers, body }, undefined, undefined, inAnyCase);
}

/** Returns whether a response is sent whatever memory it takes: it reports what a write has done. */
function mustSend({ req }: ServerResponse): boolean {
  return req.method !== 'GET' && req.method !== 'HEAD';
}

/** Returns the 412, with the rate limits of the response that it stands for. */
function preconditionFailed({ headers }: Representation, path: string): HttpResponse {
  const problem = problemResponse(PRECONDITION_FAILED, path);
  return { ...problem, headers: { ...problem.headers, ...pick(headers, RATE_LIMITS) } };
}

const PRECONDITION_FAILED: ProblemDetails = {
  status: 412,
  kind: 'precondition-failed',
  detail: 'The current response does not match the entity tag in If-Match.',
};

const RATE_LIMITS = ['ratelimit-policy', 'ratelimit'] as const;

/** Headers of a 304: RFC 9110, section 15.4.5. */
const OF_NOT_MODIFIED = ['cache-control', 'age', 'cache-status', 'surrogate-key', 'cache-tag'] as const;

/** Returns the 304, with the headers that a 200 would have. */
function notModified(res: ServerResponse, { headers }: Representation, etag: string): HttpResponse {
  const missing = OF_NOT_MODIFIED.filter((name) => !res.hasHeader(name));
  const selected = pick(headers, ['vary', ...missing, ...RATE_LIMITS]);
  return { status: 304, headers: { etag, ...selected }, body: '' };
}

function pick(headers: HttpResponse['headers'], names: readonly string[]): Record<string, string | number> {
  const picked: Record<string, string | number> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** Prepends the `RateLimit` headers that the response already has, of the client or of all requests, to those of fields. */
function withListHeaders(res: ServerResponse, response: Representation): Representation {
  if (response.headers.ratelimit === undefined) return response;
  const headers = { ...response.headers };
  for (const name of RATE_LIMITS) {
    const existing = res.getHeader(name);
    if (existing !== undefined) headers[name] = `${existing}, ${headers[name] ?? ''}`;
  }
  return { ...response, headers };
}
