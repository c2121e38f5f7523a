import { clientWritesOf } from '../http/client-writes.ts';
import { mustSend, type RequestContext, sendResponse } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import { excludesAllCodings, readAcceptEncoding } from '../shared/accept-encoding.ts';
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
    send(context, response) {
      if (isStreamed(response)) return sendStream(context, response, !isDisabled && !response.isLongLived);
      const { headers, method } = context.req;
      const header = headers['accept-encoding'];
      // only responses to GET are cached, so only they need `vary`
      if (isDisabled || (header === undefined && method === 'POST')) return sendResponse(context, response);
      const { best, identity } = readAcceptEncoding(header);
      const isLong = Number(response.headers['content-length']) >= compressFrom;
      if ((!isLong && identity) || forbidsTransform(context, response)) return sendResponse(context, response);
      if (best === undefined) return sendResponse(context, withVaryByEncoding(response));
      return sendEncoded(context, withVaryByEncoding(response), best);
    },
  };
}

/** Returns whether `no-transform` forbids to encode the response (RFC 9111, section 5.2.2.6). */
function forbidsTransform({ res }: RequestContext, { headers }: HttpResponse): boolean {
  const control = headers['cache-control'] ?? res.getHeader('cache-control');
  return control !== undefined && String(control).includes('no-transform');
}

function withVaryByEncoding(response: HttpResponse): HttpResponse {
  const { vary } = response.headers;
  const all = vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`;
  return { ...response, headers: { ...response.headers, vary: all } };
}

async function sendEncoded(context: RequestContext, response: HttpResponse, coding: Coding): Promise<void> {
  const encode = () => encodedBody(response.body, coding, context.shared !== undefined);
  const writes = clientWritesOf(context.res);
  const body = await (writes ? writes.hold(response.body, mustSend(context), encode) : encode());
  const headers = { ...response.headers, 'content-encoding': coding, 'content-length': body.length };
  sendResponse(context, { ...response, headers, body });
}

/** Encoded bodies, by the plain bodies that several clients share. */
const encodedBodies = new WeakMap<Buffer, Map<Coding, Promise<Buffer>>>();

function encodedBody(body: string | Buffer, coding: Coding, isShared: boolean): Promise<Buffer> {
  if (typeof body === 'string') return encodeBody(Buffer.from(body), coding);
  if (!isShared) return encodeBody(body, coding);
  const known = encodedBodies.get(body) ?? new Map<Coding, Promise<Buffer>>();
  encodedBodies.set(body, known);
  const encoded = known.get(coding) ?? encodeBody(body, coding);
  known.set(coding, encoded);
  return encoded;
}
