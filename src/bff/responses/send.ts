import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAcceptEncoding } from '../../shared/accept-encoding.ts';
import { type Coding, encodeBody } from '../../shared/content-codings.ts';
import { etagOfForm, isKnown, matches } from './conditional.ts';
import { type EndpointResponse, type ProblemDetails, problemResponse } from './reply.ts';
import { addVary } from './vary.ts';

export interface SendSettings {
  /** Bodies of fewer bytes are not worth compressing; `undefined`: nothing is compressed. */
  readonly compressFrom: number | undefined;
  /** Where a proxy shows the gateway, such as `/shop-api`; empty where it is at the root. */
  readonly pathPrefix: string;
  /** Whether `Server-Timing` says how long what took. */
  readonly dev: boolean;
}

/** Whether a client rules out every form that an answer could have, by `Accept-Encoding`. */
export function rulesOutAll({ headers }: IncomingMessage, { compressFrom }: SendSettings): boolean {
  const { best, identity } = readAcceptEncoding(headers['accept-encoding']);
  return !identity && (compressFrom === undefined || best === undefined);
}

/** Writes an answer: 304 where the client has it, compressed where it helps, without a body for HEAD. */
export function send(
  req: IncomingMessage,
  res: ServerResponse,
  made: EndpointResponse,
  settings: SendSettings,
): void | Promise<void> {
  if (res.destroyed || res.headersSent) return;
  const response = res.hasHeader('set-cookie') ? withoutSharing(made) : made;
  const { etag, headers } = response;
  addLimits(res, headers);
  if (settings.dev && response.timings) res.setHeader('server-timing', timingText(response.timings));
  const { compressFrom } = settings;
  const accepted = readAcceptEncoding(req.headers['accept-encoding']);
  const compressible = compressFrom !== undefined && (response.body.length >= compressFrom || !accepted.identity);
  if (compressible) addVary(res, headers.vary === undefined ? 'accept-encoding' : `${headers.vary}, accept-encoding`);
  const encoding = compressible && response.body.length > 0 ? accepted.best : undefined;
  const selected = encoding && etag ? etagOfForm(etag, encoding) : etag;
  const wanted = req.headers['if-match'];
  if (wanted !== undefined && response.status < 300 && !matches(wanted, selected)) return refuse(req, res, settings);
  const known = req.headers['if-none-match'];
  if (known !== undefined && selected !== undefined && isKnown(known, selected)) {
    return sendNotModified(res, response, selected);
  }
  if (encoding === undefined) return write(req, res, response, response.body, undefined);
  const form = response.forms?.get(encoding);
  if (form !== undefined) return write(req, res, response, form, encoding);
  return sendCompressed(req, res, response, encoding);
}

/** A cookie is for the one client that asked: no cache that several clients share may keep what comes with it. */
function withoutSharing(response: EndpointResponse): EndpointResponse {
  const control = response.headers['cache-control'];
  if (control === undefined || /\b(?:private|no-store)\b/.test(control)) return response;
  return { ...response, headers: { ...response.headers, 'cache-control': 'no-store' } };
}

async function sendCompressed(req: IncomingMessage, res: ServerResponse, response: EndpointResponse, encoding: Coding) {
  const body = typeof response.body === 'string' ? Buffer.from(response.body) : response.body;
  const form = await encodeBody(body, encoding, { thoroughly: response.forms !== undefined });
  response.forms?.set(encoding, form);
  if (!res.destroyed && !res.headersSent) write(req, res, response, form, encoding);
}

function write(
  req: IncomingMessage,
  res: ServerResponse,
  response: EndpointResponse,
  body: string | Buffer,
  encoding: Coding | undefined,
): void {
  if (response.etag !== undefined)
    res.setHeader('etag', encoding ? etagOfForm(response.etag, encoding) : response.etag);
  if (encoding !== undefined) res.setHeader('content-encoding', encoding);
  if (response.status !== 204) res.setHeader('content-length', Buffer.byteLength(body));
  res.writeHead(response.status, withoutLists(response.headers, res));
  res.end(req.method === 'HEAD' ? undefined : body);
}

function refuse(req: IncomingMessage, res: ServerResponse, { pathPrefix }: SendSettings): void {
  const [path = '/'] = (req.url ?? '/').split('?');
  const problem = problemResponse(NO_MATCH, pathPrefix + path);
  write(req, res, problem, problem.body, undefined);
}

const NO_MATCH: ProblemDetails = {
  status: 412,
  kind: 'precondition-failed',
  detail: 'The answer is not, or no more, the one that If-Match names.',
};

/** RFC 9110, section 15.4.5: what a 200 would have said of the answer, but nothing of its body. */
function sendNotModified(res: ServerResponse, { headers }: EndpointResponse, etag: string): void {
  const kept: Record<string, string> = { etag };
  if (headers.vary !== undefined) addVary(res, headers.vary);
  for (const name of ['cache-control', 'age', 'cache-status'] as const) {
    const value = headers[name];
    if (value !== undefined && !res.hasHeader(name)) kept[name] = value;
  }
  res.writeHead(304, kept);
  res.end();
}

/** `writeHead` would put the reply's lists over those that are set already. */
function withoutLists(headers: EndpointResponse['headers'], res: ServerResponse): EndpointResponse['headers'] {
  const varies = headers.vary !== undefined && res.hasHeader('vary');
  if (!varies && headers.ratelimit === undefined) return headers;
  const { vary, ratelimit, 'ratelimit-policy': policy, ...rest } = headers;
  if (vary !== undefined) addVary(res, vary);
  return rest;
}

const LIMITS = ['ratelimit-policy', 'ratelimit'] as const;

/** What limits of fields say stands beside what those of the client, or of all requests, have said of the same response. */
function addLimits(res: ServerResponse, headers: EndpointResponse['headers']): void {
  if (headers.ratelimit === undefined) return;
  for (const name of LIMITS) {
    const own = headers[name] ?? '';
    const said = res.getHeader(name);
    res.setHeader(name, said === undefined ? own : `${said}, ${own}`);
  }
}

/** @see https://www.w3.org/TR/server-timing/ */
function timingText(timings: ReadonlyMap<string, number>): string {
  return [...timings].map(([name, ms]) => `${name.replaceAll(/[^\w.-]/g, '_')};dur=${ms.toFixed(1)}`).join(', ');
}
