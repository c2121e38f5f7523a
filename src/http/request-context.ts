import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientInfo } from '../client/identity.ts';
import type { OperationContext, SharedResponse } from '../pipeline/operation-context.ts';
import { peerAddress } from '../policy/client-address.ts';
import type { CollectedHeaders } from '../policy/headers/response-headers.ts';
import type { SessionIdentity } from '../policy/login/sessions.ts';
import { requestIdOf } from '../shared/request-id.ts';
import type { RequestNotes } from '../shared/request-notes.ts';
import type { HttpResponse } from './response.ts';

/**
 * One HTTP request and its response, from the first middleware to the last byte. It is handed on as it is; what is found out about
 * the request on its way is kept here.
 */
export class RequestContext implements RequestNotes, OperationContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** From `performance.now()`. */
  readonly startedAt: number = performance.now();
  /** Who asks. Until the request is authenticated: nobody known, at the address of the connection's other end. */
  client: ClientInfo;
  /** Whom a login session proves to ask, and with which token. */
  session: SessionIdentity | undefined;
  /** Headers that the response has whatever it is, names in lower case. */
  headers: Readonly<Record<string, string>> | undefined;
  onAbort: (() => void) | undefined;
  shared: SharedResponse<HttpResponse> | undefined;
  /** Of an operation in a batch: takes the headers of its subgraphs, which are written when all operations are done. */
  private headerSink: ((gathered: CollectedHeaders) => void) | undefined;
  /** Where it stands among {@link ActiveRequests}. */
  place = -1;
  endpoint: RequestNotes['endpoint'];
  operation: RequestNotes['operation'];
  operationName: RequestNotes['operationName'];
  errors: RequestNotes['errors'];
  reason: RequestNotes['reason'];

  constructor(req: IncomingMessage, res: ServerResponse) {
    if (req.url?.startsWith('http')) req.url = originForm(req.url);
    this.req = req;
    this.res = res;
    this.requestId = requestIdOf(req.headers);
    this.client = { ip: peerAddress(req.socket), identity: undefined };
  }

  get requestHeaders(): IncomingMessage['headers'] {
    return this.req.headers;
  }

  get target(): string {
    return `${this.req.method} ${this.req.url}`;
  }

  get isClosed(): boolean {
    return this.res.destroyed;
  }

  receiveHeaders(gathered: CollectedHeaders): void {
    if (this.headerSink) this.headerSink(gathered);
    else gathered.writeTo(this.res);
  }

  /** Returns a context for one operation of a batch, which shares nothing with the others and is written by nobody. */
  forOperation(headerSink: (gathered: CollectedHeaders) => void): RequestContext {
    const copy: RequestContext = Object.create(RequestContext.prototype);
    return Object.assign(copy, this, { onAbort: undefined, shared: undefined, headerSink });
  }
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
