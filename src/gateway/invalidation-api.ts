import type { IncomingMessage } from 'node:http';
import { readInvalidations } from '../cache/read-invalidations.ts';
import type { Config } from '../config/config.ts';
import { hasInvalidationApi } from '../config/sections/response-cache.ts';
import { type ProblemDetails, problemResponse } from '../http/problem.ts';
import type { HttpResponse } from '../http/response.ts';
import { areEqualSecrets } from '../shared/equal-secrets.ts';
import { readBytes } from '../shared/read-bytes.ts';
import type { AdminCommand, AdminReplies } from './admin-commands.ts';
import { jsonResponse } from './admin-responses.ts';
import type { TokenGuard } from './admin-token.ts';

export interface InvalidationApiOptions {
  readonly settings: Config['response_cache'];
  readonly guard: Pick<TokenGuard, 'throttle' | 'recordFailure'>;
  readonly send: (command: AdminCommand) => Promise<AdminReplies>;
}

const MAX_BODY_BYTES = 1_000_000;

/**
 * Creates the handler of the invalidation API: `POST` of `[{"kind": "entity", "type": "Product", "key": {"id": "7"}}]`, with the shared key
 * in `Authorization`. Its requests and responses are those of Apollo Router.
 * @returns `undefined` without a key; the handler returns `undefined` for other paths
 */
export function createInvalidationApi({ settings, guard, send }: InvalidationApiOptions) {
  const { path: ownPath, shared_key: key } = settings.invalidation;
  if (!hasInvalidationApi(settings)) return undefined;

  async function respond(req: IncomingMessage, path: string): Promise<HttpResponse> {
    if (req.method !== 'POST') return problemResponse(NOT_POST, path);
    const throttled = guard.throttle(req);
    if (throttled) return problemResponse(throttled, path);
    const sent = (req.headers.authorization ?? '').replace(/^bearer /i, '');
    if (!areEqualSecrets(sent, key as string)) {
      guard.recordFailure(req);
      return problemResponse(WRONG_KEY, path);
    }
    const body = await readJson(req);
    if (body instanceof Refusal) return problemResponse(body.problem, path);
    const requests = readInvalidations(body);
    if (typeof requests === 'string')
      return problemResponse({ status: 400, kind: 'invalid-body', detail: requests }, path);
    return invalidatedResponse(await send({ kind: 'invalidate', requests }), path);
  }

  return (req: IncomingMessage, path: string) => (path === ownPath ? respond(req, path) : undefined);
}

/** Says how many values were removed, in all processes, and what of the requests none of them knows. */
export function invalidatedResponse({ replies }: AdminReplies, path: string): HttpResponse {
  const refused = replies.find((reply) => reply.kind === 'refused');
  if (refused) return problemResponse(refused.refusal, path);
  const invalidated = replies.filter((reply) => reply.kind === 'invalidated');
  const count = invalidated.reduce((sum, reply) => sum + reply.count, 0);
  const [first, ...others] = invalidated.map(({ unknown }) => unknown);
  const unknown = (first ?? []).filter((text) => others.every((texts) => texts.includes(text)));
  return jsonResponse(202, unknown.length === 0 ? { count } : { count, unknown });
}

/** Returns the value of a body; a `Refusal` for what is not JSON, or too large. */
async function readJson(req: IncomingMessage): Promise<unknown> {
  try {
    const bytes = await readBytes(req, MAX_BODY_BYTES, (all) => all, ERRORS);
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof Refusal) return error;
    if (error instanceof SyntaxError) return new Refusal(notJson(error));
    throw error;
  }
}

class Refusal extends Error {
  readonly problem: ProblemDetails;

  constructor(problem: ProblemDetails) {
    super(problem.detail);
    this.problem = problem;
  }
}

function notJson({ message }: SyntaxError): ProblemDetails {
  const detail = `The body is not JSON: ${message}. Send a list such as [{"kind": "subgraph", "subgraph": "products"}].`;
  return { status: 400, kind: 'invalid-body', detail };
}

const TOO_LARGE: ProblemDetails = {
  status: 413,
  kind: 'body-too-large',
  detail: `The body has more than ${MAX_BODY_BYTES} bytes. Send several requests.`,
};

const ERRORS = {
  tooLarge: () => new Refusal(TOO_LARGE),
  disconnected: () => new Error('The client closed the connection before its request was complete.'),
};

const NOT_POST: ProblemDetails = {
  status: 405,
  kind: 'method-not-allowed',
  detail: 'Use POST to invalidate.',
  headers: { allow: 'POST' },
};

const WRONG_KEY: ProblemDetails = {
  status: 401,
  kind: 'unauthenticated',
  detail: 'Send the value of response_cache.invalidation.shared_key in the header Authorization.',
  headers: { 'www-authenticate': 'Bearer' },
};
