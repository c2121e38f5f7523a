import type { IncomingHttpHeaders } from 'node:http';
import { clientWritesOf } from '../http/client-writes.ts';
import { etagOfCoding, matchesIfNoneMatch } from '../http/conditional.ts';
import { mustSend, type RequestContext, sendResponse } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import { excludesAllCodings, PLAIN, readAcceptEncoding } from '../shared/accept-encoding.ts';
import { type Coding, encodeBody } from '../shared/content-codings.ts';
import { sendStream } from './writers/send-stream.ts';
import { isStreamed } from './writers/streamed-response.ts';

/** Sends GraphQL responses. Encodes a body when the client accepts it and the body is large enough. */
export interface ResponseSender {
  /** Returns whether an `accept-encoding` header excludes every possible coding, including `identity`. */
  excludesAll(acceptEncoding: string | undefined): boolean;
  /** Sends a response. Returns a promise only when it is encoded, or a stream. */
  send(context: RequestContext, response: HttpResponse): void | Promise<void>;
}

/** @param compressFrom the smallest body to encode, in bytes; `undefined` for none */
export function createResponseSender(compressFrom: number | undefined): ResponseSender {
  const isDisabled = compressFrom === undefined;
  return {
    excludesAll: (header) => header !== undefined && excludesAllCodings(header, !isDisabled),
    send(context, given) {
      if (isStreamed(given)) return sendStream(context, given, !isDisabled && !given.isLongLived);
      const { headers, method } = context.req;
      const header = headers['accept-encoding'];
      // only responses to GET are cached, so only they need `vary`
      const mayEncode = !isDisabled && (header !== undefined || method !== 'POST');
      const { best, identity } = mayEncode ? readAcceptEncoding(header) : PLAIN;
      const isLong = mayEncode && Number(given.headers['content-length']) >= compressFrom;
      const varies = (isLong || !identity) && !forbidsTransform(context, given);
      const whole = varies ? withVaryByEncoding(given) : given;
      const response = conditional(headers, whole);
      if (!varies || best === undefined || response !== whole) return sendResponse(context, response);
      return sendEncoded(context, response, best);
    },
  };
}

/** Headers of a 304: RFC 9110, section 15.4.5. */
const OF_NOT_MODIFIED = ['cache-control', 'age', 'cache-status', 'vary', 'surrogate-key', 'cache-tag'] as const;
const CODINGS: readonly Coding[] = ['br', 'zstd', 'gzip'];

/** Returns a 304 where the client has the response. The tag that it has is that of the plain body, or of an encoded one. */
function conditional(request: IncomingHttpHeaders, response: HttpResponse): HttpResponse {
  const known = request['if-none-match'];
  const { etag: plain } = response.headers;
  if (known === undefined || plain === undefined) return response;
  const all = [String(plain), ...CODINGS.map((coding) => etagOfCoding(String(plain), coding))];
  const etag = all.find((one) => matchesIfNoneMatch(known, one));
  if (etag === undefined) return response;
  const kept = OF_NOT_MODIFIED.flatMap((name) => {
    const value = response.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { status: 304, headers: { ...Object.fromEntries(kept), etag }, body: '' };
}

/** Returns whether `no-transform` forbids to encode the response (RFC 9111, section 5.2.2.6). */
function forbidsTransform({ res }: RequestContext, { headers }: HttpResponse): boolean {
  const control = headers['cache-control'] ?? res.getHeader('cache-control');
  return control !== undefined && String(control).includes('no-transform');
}

function withVaryByEncoding(response: HttpResponse): HttpResponse {
  const { headers, reused } = response;
  if (reused?.varied) return reused.varied;
  const vary = headers.vary === undefined ? 'accept-encoding' : `${headers.vary}, accept-encoding`;
  const varied = { ...response, headers: { ...headers, vary }, reused: reused && { encoded: reused.encoded } };
  if (reused) reused.varied = varied;
  return varied;
}

async function sendEncoded(context: RequestContext, response: HttpResponse, coding: Coding): Promise<void> {
  const encode = () => encodedBody(response, coding, context.shared !== undefined);
  const writes = clientWritesOf(context.res);
  const body = await (writes ? writes.hold(response.body, mustSend(context), encode) : encode());
  const { etag } = response.headers;
  const own = etag === undefined ? undefined : { etag: etagOfCoding(String(etag), coding) };
  const headers = { ...response.headers, ...own, 'content-encoding': coding, 'content-length': body.length };
  sendResponse(context, { status: response.status, headers, body });
}

/** Encoded bodies, by the plain bodies that several clients share. */
const encodedBodies = new WeakMap<Buffer, Map<Coding, Promise<Buffer>>>();

function encodedBody({ body, reused }: HttpResponse, coding: Coding, isShared: boolean): Promise<Buffer> {
  const encode = () => encodeBody(typeof body === 'string' ? Buffer.from(body) : body, coding);
  const all = reused?.encoded ?? (isShared && typeof body !== 'string' ? encodedCopies(body) : undefined);
  if (all === undefined) return encode();
  const encoded = all.get(coding) ?? encode();
  all.set(coding, encoded);
  return encoded;
}

function encodedCopies(body: Buffer): Map<Coding, Promise<Buffer>> {
  const known = encodedBodies.get(body) ?? new Map<Coding, Promise<Buffer>>();
  encodedBodies.set(body, known);
  return known;
}
