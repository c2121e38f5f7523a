import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientInfo } from '../client/identity.ts';
import type { HttpResponse, SharedResponse } from '../graphql-http/graphql-over-http.ts';
import { peerAddress } from '../policy/client-address.ts';
import type { GatheredHeaders } from '../policy/headers/response-headers.ts';
import { requestIdOf } from '../shared/request-id.ts';
import type { RequestNotes } from '../shared/request-notes.ts';

/** One HTTP request and its response, as the rooms of the server hand it on. */
export interface RequestContext extends RequestNotes {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** From `performance.now()`. */
  readonly startedAt: number;
  /** Who asks. Until the request is admitted: nobody known, at the address of the connection's other end. */
  client: ClientInfo;
  /** Headers that the answer has whatever it is, names in lower case. */
  headers: Readonly<Record<string, string>> | undefined;
  /** Called once if the client leaves before its answer is sent. */
  onAbort: (() => void) | undefined;
  /** Set when others may get the same answer. */
  shared: SharedResponse | undefined;
  /** Of an operation in a batch: takes what its subgraphs' headers bring, which is written when all operations are done. */
  takeHeaders: ((gathered: GatheredHeaders) => void) | undefined;
  /** Where it stands among those that are open. */
  place: number;
}

export function createRequestContext(req: IncomingMessage, res: ServerResponse): RequestContext {
  if (req.url?.startsWith('http')) req.url = originForm(req.url);
  const client = { ip: peerAddress(req.socket), identity: undefined };
  return {
    req,
    res,
    requestId: requestIdOf(req.headers),
    startedAt: performance.now(),
    client,
    headers: undefined,
    onAbort: undefined,
    shared: undefined,
    takeHeaders: undefined,
    place: -1,
    endpoint: undefined,
    operation: undefined,
    operationName: undefined,
    errors: undefined,
    reason: undefined,
  };
}

/** Proxies may send whole URLs, and a server must take them (RFC 9112, section 3.2.2); routes go by path. */
function originForm(target: string): string {
  if (!URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}

/** Writes the whole answer; Node keeps what the client is too slow to read. Does nothing when the client is gone. */
export function sendResponse(context: RequestContext, response: HttpResponse): void {
  const { res } = context;
  if (res.destroyed || res.headersSent) return;
  const vary = response.headers.vary === undefined ? undefined : wholeVary(context, String(response.headers.vary));
  // in the flat form of node:http, which spares an object that it would only take apart again
  const headers: (string | number)[] = [];
  for (const name in context.headers) {
    if (response.headers[name] === undefined) headers.push(name, context.headers[name] as string);
  }
  for (const name in response.headers)
    headers.push(name, name === 'vary' && vary ? vary : (response.headers[name] as string));
  headers.push('x-request-id', context.requestId);
  res.writeHead(response.status, headers as string[]);
  res.end(response.body);
}

/** What caches are told that an answer depends on, with what CORS, login and headers of subgraphs add to it. */
function wholeVary({ res, headers }: RequestContext, own: string): string {
  const all = [res.getHeader('vary'), headers?.vary, own].flatMap((text) => (text === undefined ? [] : String(text)));
  return [
    ...new Set(
      all
        .join(',')
        .split(',')
        .map((name) => name.trim().toLowerCase()),
    ),
  ].join(', ');
}

/**
 * The exchanges that are under way. Not a `Set`: when V8 makes a set's table anew, the old table points to the new one and
 * still to all that was in it, so one that has grown old keeps whole requests from being freed until the next full collection.
 */
export class ActiveRequests {
  readonly list: RequestContext[] = [];

  add(context: RequestContext): void {
    context.place = this.list.length;
    this.list.push(context);
  }

  delete(context: RequestContext): void {
    const { place } = context;
    const last = this.list.pop();
    if (last === undefined || last === context) return;
    last.place = place;
    this.list[place] = last;
  }
}
