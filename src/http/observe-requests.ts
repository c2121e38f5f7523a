import type { Socket } from 'node:net';
import { type ClientNameHeaders, firstOf } from '../client/client-name.ts';
import type { Identity } from '../client/identity.ts';
import { errorCodes, labelOf } from '../shared/error-codes.ts';
import type { GatewayError } from '../shared/gateway-error.ts';
import { pathOf } from '../shared/url-path.ts';
import { traceOfRequest } from '../telemetry/exemplar-trace.ts';
import type { CountRefusal } from '../telemetry/instruments.ts';
import type { NoStatus, RequestInstruments, RequestResult, Route } from '../telemetry/request-instruments.ts';
import { HEALTH_PATHS } from './health-paths.ts';
import type { RequestContext } from './request-context.ts';

/** Returns a function that returns the kind of route of a URL. `isGraphql` takes a path without query. */
export function routeFinder(isGraphql: (path: string) => boolean): (url: string) => Route {
  return (url) => {
    const path = pathOf(url);
    if (isGraphql(path)) return 'graphql';
    if (path === '/bff' || path.startsWith('/bff/')) return 'bff';
    return HEALTH_PATHS.has(path) ? 'health' : 'other';
  };
}

/** What the observer of requests needs. */
export interface RequestObserverParts {
  readonly instruments: RequestInstruments;
  /** Whether GraphQL is served at a path, which has no query. */
  readonly isGraphql: (path: string) => boolean;
  readonly clientNames: ClientNameHeaders;
}

/** Returns a function that measures a completed request. */
export function requestObserver({
  instruments,
  isGraphql,
  clientNames,
}: RequestObserverParts): (context: RequestContext) => void {
  const { http, operations, endpoints, graphqlError } = instruments;
  const routeOf = routeFinder(isGraphql);
  const observeParties = partyObserver(instruments, clientNames);
  return (context) => {
    const { req, res, startedAt, answeredAt, outcome, errors, endpoint } = context;
    const route = routeOf(req.url ?? '/');
    const status = outcome ?? (res.writableFinished ? res.statusCode : 'closed');
    const seconds = ((answeredAt ?? performance.now()) - startedAt) / 1_000;
    const traceId = traceOfRequest(context);
    http.finished(route, status, seconds, traceId);
    countBytes(http, route, req.socket);
    if (route !== 'graphql' && route !== 'bff') return;
    const result = resultOf(status, errors);
    operations.finished(context.operation, result, seconds, traceId);
    if (endpoint !== undefined) endpoints.finished(endpoint, status, seconds, traceId);
    if (errors !== undefined && errors.length > 0)
      for (const code of new Set([...errorCodes(errors)].map(labelOf))) graphqlError(route, code);
    observeParties(context, result, seconds);
  };
}

function resultOf(status: number | NoStatus, errors: RequestContext['errors']): RequestResult {
  if (status === 'draining') return 'errors';
  if (typeof status !== 'number') return 'closed';
  return status >= 400 || (errors !== undefined && errors.length > 0) ? 'errors' : 'ok';
}

/** Returns a function that measures a request by who has sent it. */
function partyObserver({ authenticated, clients, consumers }: RequestInstruments, clientNames: ClientNameHeaders) {
  return ({ req, client: { identity } }: RequestContext, result: RequestResult, seconds: number) => {
    authenticated(identity?.kind ?? 'none');
    consumers?.served(consumerOf(identity), result, seconds);
    if (!clients.isOn) return;
    const name = firstOf(req.headers, clientNames.name_headers);
    const version = clients.hasVersions ? firstOf(req.headers, clientNames.version_headers) : undefined;
    clients.served(name, version, result, seconds);
  };
}

/**
 * Returns the name of a verified consumer. Never the subject of a token: that is a person, and there are as many as the service has
 * users.
 */
function consumerOf(identity: Identity | undefined): string {
  if (identity === undefined) return 'anonymous';
  const { apiKeyOwner, clientId, kind, subject } = identity;
  return apiKeyOwner ?? clientId ?? (kind === 'certificate' ? subject : undefined) ?? 'unnamed';
}

/** What was counted on a connection until its last request ended. */
interface CountedSocket extends Socket {
  [COUNTED]?: { received: number; sent: number };
}

const COUNTED = Symbol('counted bytes');

/** Counts what a connection has transferred since its last request ended. */
function countBytes({ transferred }: RequestInstruments['http'], route: Route, socket: CountedSocket): void {
  const { bytesRead, bytesWritten } = socket;
  const before = socket[COUNTED];
  if (before === undefined) {
    socket[COUNTED] = { received: bytesRead, sent: bytesWritten };
    transferred(route, bytesRead, bytesWritten);
    return;
  }
  transferred(route, Math.max(0, bytesRead - before.received), Math.max(0, bytesWritten - before.sent));
  before.received = bytesRead;
  before.sent = bytesWritten;
}

/** Policy and reason by error code, for requests that are refused before they become operations. Later policies count their refusals themselves. */
const POLICIES: ReadonlyMap<string, readonly [policy: string, reason: string]> = new Map([
  ['CSRF_ERROR', ['csrf', 'forgeable']],
  ['FORBIDDEN', ['ip_lists', 'address']],
  ['URI_TOO_LONG', ['limits', 'http_max_url_bytes']],
  ['REQUEST_TOO_LARGE', ['limits', 'http_max_request_bytes']],
  ['BATCHING_NOT_SUPPORTED', ['batching', 'disabled']],
  ['BATCH_LIMIT_EXCEEDED', ['batching', 'maximum_size']],
]);

/** Returns a function that counts requests that are refused before they become operations. */
export function refusalObserver(refused: CountRefusal): (refusal: GatewayError) => void {
  return ({ code }) => {
    const known = POLICIES.get(code);
    if (known) refused(known[0], known[1]);
  };
}
