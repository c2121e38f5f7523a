import { type RequestContext, sendResponse } from '../http/request-context.ts';
import type { HttpResponse } from '../http/response.ts';
import { readAcceptEncoding } from '../shared/accept-encoding.ts';
import { type Coding, encodeBody } from '../shared/content-codings.ts';

/** Sends responses of GraphQL, encoded where the client asks for it and it is worth it. */
export interface ResponseSender {
  /** Whether a client rules out every form that a response could have. */
  rulesOutAll(acceptEncoding: string | undefined): boolean;
  /** Returns a promise only where the response is encoded. */
  send(context: RequestContext, response: HttpResponse): void | Promise<void>;
}

/** @param compressFrom bodies of fewer bytes are sent as they are; `undefined`: all are */
export function createResponseSender(compressFrom: number | undefined): ResponseSender {
  const isOff = compressFrom === undefined;
  return {
    rulesOutAll(header) {
      if (header === undefined) return false;
      const { best, identity } = readAcceptEncoding(header);
      return !identity && (isOff || best === undefined);
    },
    send(context, response) {
      const { headers, method } = context.req;
      const header = headers['accept-encoding'];
      // caches keep what is asked for with GET
      if (isOff || (header === undefined && method === 'POST')) return sendResponse(context, response);
      const { best, identity } = readAcceptEncoding(header);
      const isLong = Number(response.headers['content-length']) >= compressFrom;
      if ((!isLong && identity) || isFixed(context, response)) return sendResponse(context, response);
      if (best === undefined) return sendResponse(context, varied(response));
      return sendEncoded(context, varied(response), best);
    },
  };
}

/** RFC 9111, section 5.2.2.6: what must not be transformed stays as it is. */
function isFixed({ res }: RequestContext, { headers }: HttpResponse): boolean {
  const control = headers['cache-control'] ?? res.getHeader('cache-control');
  return control !== undefined && String(control).includes('no-transform');
}

function varied(response: HttpResponse): HttpResponse {
  const { vary } = response.headers;
  const all = vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`;
  return { ...response, headers: { ...response.headers, vary: all } };
}

async function sendEncoded(context: RequestContext, response: HttpResponse, coding: Coding): Promise<void> {
  const body = await encodedBody(response.body, coding, context.shared !== undefined);
  const headers = { ...response.headers, 'content-encoding': coding, 'content-length': body.length };
  sendResponse(context, { ...response, headers, body });
}

/** Encoded forms of bodies that go to several clients. */
const forms = new WeakMap<Buffer, Map<Coding, Promise<Buffer>>>();

function encodedBody(body: string | Buffer, coding: Coding, isShared: boolean): Promise<Buffer> {
  if (typeof body === 'string') return encodeBody(Buffer.from(body), coding);
  if (!isShared) return encodeBody(body, coding);
  const known = forms.get(body) ?? new Map<Coding, Promise<Buffer>>();
  forms.set(body, known);
  const form = known.get(coding) ?? encodeBody(body, coding);
  known.set(coding, form);
  return form;
}
