import type { IncomingMessage, ServerResponse } from 'node:http';
import { NOTHING, type Reads } from '../client/depends-on.ts';
import type { ClientInfo, Identity } from '../client/identity.ts';
import type { OperationContext, SharedResponse } from '../pipeline/operation-context.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import type { Authenticator } from '../policy/authentication/authenticator.ts';
import { peerAddress } from '../policy/client-address.ts';
import type { CollectedHeaders } from '../policy/headers/response-headers.ts';
import type { SessionIdentity } from '../policy/login/sessions.ts';
import type { CredentialCheck } from '../shared/credential-check.ts';
import { requestIdOf } from '../shared/request-id.ts';
import type { RequestNotes } from '../shared/request-notes.ts';
import type { RequestTrace } from '../shared/trace.ts';
import type { Uploads } from '../shared/uploads/uploads.ts';
import type { HttpResponse } from './response.ts';
import { writeResponse } from './write-response.ts';

/**
 * One HTTP request and its response, from the first middleware to the last byte. All stages share it, and store here what they find
 * out about the request.
 */
export class RequestContext implements RequestNotes, OperationContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  /** From `performance.now()`. */
  readonly startedAt: number = performance.now();
  /** When the events of a subscription began, from `performance.now()`: how long they go on is no slowness. */
  answeredAt: number | undefined;
  /** The client. Until the request is authenticated: anonymous, with the address of the connection's peer. */
  client: ClientInfo;
  /** The identity and the access token of the login session. */
  session: SessionIdentity | undefined;
  /** What has identified the client, and as whom: plugins may change the identity later. */
  authenticator: Authenticator | undefined;
  authenticated: Identity | undefined;
  /** How the credentials are checked again, where plugins have changed the headers since. */
  private keptCheck: { readonly check: CredentialCheck | undefined } | undefined;
  /** Headers of any response to this request, names in lower case. */
  headers: Readonly<Record<string, string>> | undefined;
  reads: Reads = NOTHING;
  plugins: PluginRun | undefined;
  /** The trace of the request, where traces are on. */
  trace: RequestTrace | undefined;
  /** Ends the trace. It is called when the response has been sent: another listener of the response would make each request long-lived. */
  endTrace: ((context: RequestContext) => void) | undefined;
  onAbort: (() => void) | undefined;
  shared: SharedResponse<HttpResponse> | undefined;
  uploads: Uploads | undefined;
  /** Set for an operation in a batch: receives the headers of its subgraphs, which are written after all operations. */
  private headerSink: ((collected: CollectedHeaders) => void) | undefined;
  /** The index in {@link ActiveRequests}. */
  index = -1;
  outcome: RequestNotes['outcome'];
  endpoint: RequestNotes['endpoint'];
  route: RequestNotes['route'];
  operation: RequestNotes['operation'];
  operationName: RequestNotes['operationName'];
  errors: RequestNotes['errors'];
  reason: RequestNotes['reason'];
  record: RequestNotes['record'];
  debug: RequestNotes['debug'];
  isOverload: RequestNotes['isOverload'];

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

  /** The id of its trace, where traces are on. */
  get traceId(): string | undefined {
    return this.trace?.traceId;
  }

  /** Whether its trace is recorded. */
  get isSampled(): boolean {
    return this.trace?.isSampled === true;
  }

  get isClosed(): boolean {
    return this.res.destroyed;
  }

  credentialCheck(): CredentialCheck | undefined {
    const { session, authenticator, authenticated } = this;
    if (session && (authenticator === undefined || authenticated === session.identity)) return session.checkLater();
    if (this.keptCheck) return this.keptCheck.check;
    return authenticator?.checkLater(this.req, authenticated);
  }

  /** Remembers the credentials by which the client was identified. To be called before headers change. */
  keepCredentials(): void {
    if (this.authenticator === undefined) return;
    this.keptCheck ??= { check: this.authenticator.checkLater(this.req, this.authenticated) };
  }

  receiveHeaders(collected: CollectedHeaders): void {
    if (this.headerSink) this.headerSink(collected);
    else collected.writeTo(this.res);
  }

  /** Returns a context for one operation of a batch. It shares nothing with the others, and no response is written to it. */
  forOperation(headerSink: (collected: CollectedHeaders) => void): RequestContext {
    const copy: RequestContext = Object.create(RequestContext.prototype);
    return Object.assign(copy, this, {
      ...{ onAbort: undefined, shared: undefined, headerSink },
      plugins: this.plugins?.forOperation(),
      debug: this.debug?.forOperation(),
    });
  }
}

/** Returns path and query of a request target. Proxies may send absolute URLs, which a server must accept (RFC 9112, section 3.2.2). */
function originForm(target: string): string {
  if (!URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}

/**
 * Sends the whole response, with the headers of any response to this request. Does nothing when the client has disconnected. Throws
 * `OverloadedError` for a large result of a query for which there is no memory.
 */
export function sendResponse(context: RequestContext, response: HttpResponse): void {
  writeResponse(context.res, response, context.headers, context.requestId, mustSend(context));
}

/** Returns whether a response is sent whatever memory it takes: it reports what a mutation has done. */
export function mustSend({ operation }: RequestContext): boolean {
  return operation !== undefined && operation.type !== 'query';
}

/**
 * The requests in flight. Not a `Set`: when V8 rehashes a set, the old table points to the new one and still to all its former
 * entries. An old table in the old generation keeps whole requests from being freed until the next full collection.
 */
export class ActiveRequests {
  readonly list: RequestContext[] = [];

  add(context: RequestContext): void {
    context.index = this.list.length;
    this.list.push(context);
  }

  delete(context: RequestContext): void {
    const { index } = context;
    const last = this.list.pop();
    if (last === undefined || last === context) return;
    last.index = index;
    this.list[index] = last;
  }
}
