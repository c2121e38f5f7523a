import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAcceptEncoding } from '../../shared/accept-encoding.ts';
import { type Coding, encodeBody } from '../../shared/content-codings.ts';
import { pathOf } from '../../shared/url-path.ts';
import { etagOfCoding, matchesIfMatch, matchesIfNoneMatch } from './conditional.ts';
import { type EndpointResponse, type ProblemDetails, problemResponse } from './endpoint-response.ts';
import { addVary } from './vary.ts';

/** Settings for sending responses. */
export interface SendSettings {
  /** Smallest body that is compressed, in bytes; `undefined` disables compression. */
  readonly compressFrom: number | undefined;
  /** Public path of the gateway behind a proxy, such as `/shop-api`; empty at the root. */
  readonly pathPrefix: string;
  /** Whether responses have `Server-Timing`. */
  readonly dev: boolean;
}

/** Returns whether `Accept-Encoding` rules out every content coding, including `identity`. */
export function acceptsNoCoding({ headers }: IncomingMessage, { compressFrom }: SendSettings): boolean {
  const { best, identity } = readAcceptEncoding(headers['accept-encoding']);
  return !identity && (compressFrom === undefined || best === undefined);
}

/** Writes a response: 304 where the client has it, compressed where that is worthwhile, without a body for HEAD. */
export function send(
  req: IncomingMessage,
  res: ServerResponse,
  prepared: EndpointResponse,
  settings: SendSettings,
): void | Promise<void> {
  if (res.destroyed || res.headersSent) return;
  const response = res.hasHeader('set-cookie') ? asUncacheable(prepared) : prepared;
  const { etag, headers } = response;
  addLimits(res, headers);
  if (settings.dev && response.timings) res.setHeader('server-timing', timingText(response.timings));
  const { compressFrom } = settings;
  const accepted = readAcceptEncoding(req.headers['accept-encoding']);
  const compressible = compressFrom !== undefined && (response.body.length >= compressFrom || !accepted.identity);
  if (compressible) addVary(res, headers.vary === undefined ? 'accept-encoding' : `${headers.vary}, accept-encoding`);
  const encoding = compressible && response.body.length > 0 ? accepted.best : undefined;
  const selected = encoding && etag ? etagOfCoding(etag, encoding) : etag;
  const wanted = req.headers['if-match'];
  if (wanted !== undefined && response.status < 300 && !matchesIfMatch(wanted, selected))
    return refuse(req, res, settings);
  const known = req.headers['if-none-match'];
  if (known !== undefined && selected !== undefined && matchesIfNoneMatch(known, selected)) {
    return sendNotModified(res, response, selected);
  }
  if (encoding === undefined) return write(req, res, response, response.body, undefined);
  const encodedBody = response.encodedBodies?.get(encoding);
  if (encodedBody !== undefined) return write(req, res, response, encodedBody, encoding);
  return sendCompressed(req, res, response, encoding);
}

/** A response with a cookie is for one client, so shared caches must not store it. */
function asUncacheable(response: EndpointResponse): EndpointResponse {
  const control = response.headers['cache-control'];
  if (control === undefined || /\b(?:private|no-store)\b/.test(control)) return response;
  return { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } };
}

async function sendCompressed(req: IncomingMessage, res: ServerResponse, response: EndpointResponse, encoding: Coding) {
  const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body;
  const encodedBody = await encodeBody(body, encoding, { thoroughly: response.encodedBodies !== undefined });
  response.encodedBodies?.set(encoding, encodedBody);
  if (!res.destroyed && !res.headersSent) write(req, res, response, encodedBody, encoding);
}

function write(
  req: IncomingMessage,
  res: ServerResponse,
  response: EndpointResponse,
  body: string | Buffer,
  encoding: Coding | undefined,
): void {
  if (response.etag !== undefined)
    res.setHeader('etag', encoding ? etagOfCoding(response.etag, encoding) : response.etag);
  if (encoding !== undefined) res.setHeader('content-encoding', encoding);
  if (response.status !== 204) res.setHeader('content-length', Buffer.byteLength(body));
  res.writeHead(response.status, withoutLists(response.headers, res));
  res.end(req.method === 'HEAD' ? undefined : body);
}

function refuse(req: IncomingMessage, res: ServerResponse, { pathPrefix }: SendSettings): void {
  const problem = problemResponse(NO_MATCH, pathPrefix + pathOf(req.url ?? '/'));
  write(req, res, problem, problem.body, undefined);
}

const NO_MATCH: ProblemDetails = {
  status: 412,
  kind: 'precondition-failed',
  detail: 'The current response does not match the entity tag in If-Match.',
};

/** Sends a 304 with the headers that a 200 would have: RFC 9110, section 15.4.5. */
function sendNotModified(res: ServerResponse, { headers }: EndpointResponse, etag: string): void {
  const selected: Record<string, string> = { etag };
  if (headers.vary !== undefined) addVary(res, headers.vary);
  for (const name of ['cache-control', 'age', 'cache-status'] as const) {
    const value = headers[name];
    if (value !== undefined && !res.hasHeader(name)) selected[name] = value;
  }
  res.writeHead(304, selected);
  res.end();
}

/** Leaves out list headers, because `writeHead` would overwrite the values that are already set. */
function withoutLists(headers: EndpointResponse['headers'], res: ServerResponse): EndpointResponse['headers'] {
  const varies = headers.vary !== undefined && res.hasHeader('vary');
  if (!varies && headers.ratelimit === undefined) return headers;
  const { vary, ratelimit, 'ratelimit-policy': policy, ...rest } = headers;
  if (vary !== undefined) addVary(res, vary);
  return rest;
}

const LIMITS = ['ratelimit-policy', 'ratelimit'] as const;

/** Appends the `RateLimit` headers of fields to those of the client or of all requests. */
function addLimits(res: ServerResponse, headers: EndpointResponse['headers']): void {
  if (headers.ratelimit === undefined) return;
  for (const name of LIMITS) {
    const added = headers[name] ?? '';
    const existing = res.getHeader(name);
    res.setHeader(name, existing === undefined ? added : `${existing}, ${added}`);
  }
}

/** Formats `Server-Timing`. @see https://www.w3.org/TR/server-timing/ */
function timingText(timings: ReadonlyMap<string, number>): string {
  return [...timings].map(([name, ms]) => `${name.replaceAll(/[^\w.-]/g, '_')};dur=${ms.toFixed(1)}`).join(', ');
}
