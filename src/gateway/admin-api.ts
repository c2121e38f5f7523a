import type { IncomingMessage } from 'node:http';
import { readJsonBody } from '../bff/handlers/body.ts';
import { type ProblemDetails, problemResponse } from '../http/problem.ts';
import type { HttpResponse } from '../http/response.ts';
import { peerAddress } from '../policy/client-address.ts';
import { isBelow } from '../policy/requests/paths.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AdminCommand, AdminReplies, CanaryAction } from './admin-commands.ts';
import {
  appliedResponse,
  cacheResponse,
  canaryResponse,
  endpointsResponse,
  schemaResponse,
  usageResponse,
} from './admin-responses.ts';
import type { TokenGuard } from './admin-token.ts';
import { readEndpointAction } from './read-endpoint-action.ts';

const ADMIN_PATH = '/admin';

export interface AdminApiOptions {
  readonly guard: Pick<TokenGuard, 'check'>;
  /** Sends a command to all processes of the gateway. */
  readonly send: (command: AdminCommand) => Promise<AdminReplies>;
  readonly logger: Pick<Logger, 'info'>;
}

type Body = Readonly<Record<string, unknown>>;

/** A route of the admin API. */
interface AdminRoute {
  readonly method: 'GET' | 'POST';
  /** Makes the command of a request. Returns what is wrong with its body as a text. */
  readonly command: (body: Body) => AdminCommand | string;
  readonly response: (replies: AdminReplies, path: string) => HttpResponse;
}

const endpointAction = (action: Parameters<typeof readEndpointAction>[0]): AdminRoute => ({
  method: 'POST',
  command: (body) => readEndpointAction(action, body),
  response: appliedResponse,
});

const canaryAction = (action: CanaryAction['action']): AdminRoute => ({
  method: 'POST',
  command: () => ({ kind: 'end_canary', action, reason: 'requested by an operator' }),
  response: appliedResponse,
});

/** The routes of the admin API. docs/admin.md has the same list. */
export const ADMIN_ROUTES: Readonly<Record<string, AdminRoute>> = {
  '/admin/endpoints': { method: 'GET', command: () => ({ kind: 'list_endpoints' }), response: endpointsResponse },
  '/admin/endpoints/drain': endpointAction('drain'),
  '/admin/endpoints/undrain': endpointAction('undrain'),
  '/admin/endpoints/trip': endpointAction('trip'),
  '/admin/endpoints/reset': endpointAction('reset'),
  '/admin/endpoints/weight': endpointAction('weight'),
  '/admin/canary': { method: 'GET', command: () => ({ kind: 'canary_status' }), response: canaryResponse },
  '/admin/canary/promote': canaryAction('promote'),
  '/admin/canary/roll-back': canaryAction('roll_back'),
  '/admin/cache': { method: 'GET', command: () => ({ kind: 'cache_report' }), response: cacheResponse },
  '/admin/reload': { method: 'POST', command: () => ({ kind: 'reload' }), response: appliedResponse },
  '/admin/usage': { method: 'GET', command: () => ({ kind: 'usage' }), response: usageResponse },
  '/admin/schema': { method: 'GET', command: () => ({ kind: 'schema' }), response: schemaResponse },
};

const MAX_BODY_BYTES = 10_000;

/** Creates the handler of everything below `/admin`; it returns `undefined` for other paths. Every route needs the token. */
export function createAdminApi({ guard, send, logger }: AdminApiOptions) {
  async function respond(req: IncomingMessage, path: string): Promise<HttpResponse> {
    const refused = guard.check(req);
    if (refused) return problemResponse(refused, path);
    const route = Object.hasOwn(ADMIN_ROUTES, path) ? ADMIN_ROUTES[path] : undefined;
    if (route === undefined) return problemResponse(nothingAt(path), path);
    const method = req.method === 'HEAD' ? 'GET' : req.method;
    if (method !== route.method) return problemResponse(wrongMethod(path, route), path);
    const body = method === 'POST' ? await readJsonBody(req, MAX_BODY_BYTES) : { value: {} };
    if ('problem' in body) return problemResponse(body.problem, path);
    const command = route.command(body.value);
    if (typeof command === 'string') return problemResponse(invalidBody(command), path);
    const response = route.response(await send(command), path);
    if (method === 'POST')
      logger.info(
        { path, request: body.value, status: response.status, address: peerAddress(req.socket) },
        'admin action',
      );
    return response;
  }
  return (req: IncomingMessage, path: string) => (isBelow(path, ADMIN_PATH) ? respond(req, path) : undefined);
}

function nothingAt(path: string): ProblemDetails {
  const detail = `There is nothing at ${path}. The admin API has ${Object.keys(ADMIN_ROUTES).join(', ')}.`;
  return { status: 404, kind: 'not-found', detail };
}

function wrongMethod(path: string, { method }: AdminRoute): ProblemDetails {
  const allow = method === 'GET' ? 'GET, HEAD' : method;
  const detail = `${path} supports ${method} only.`;
  return { status: 405, kind: 'method-not-allowed', detail, headers: { allow } };
}

function invalidBody(detail: string): ProblemDetails {
  return { status: 400, kind: 'invalid-body', detail };
}
