import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Identity } from '../../client/identity.ts';
import { isFormData } from '../../client/media-type.ts';
import { andThen } from '../../plugins/call-hooks.ts';
import type { OperationFacts } from '../../plugins/hooks.ts';
import type { RequestFacts } from '../../plugins/plugin-request.ts';
import { PluginRun } from '../../plugins/plugin-run.ts';
import type { PluginSet } from '../../plugins/plugin-set.ts';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import { giveBody, givenBodyOf, isBodyRead } from '../../shared/read-bytes.ts';
import { pathOf } from '../../shared/url-path.ts';
import { readBody } from '../body-reader.ts';
import type { ClientResponse } from '../client-writes.ts';
import { HEALTH_PATHS } from '../health-paths.ts';
import { type RequestContext, sendResponse } from '../request-context.ts';
import { type Replacement, ResponseHook, responseOf } from '../response-hook.ts';
import type { Middleware } from './middleware.ts';

type Fail = (context: RequestContext, error: unknown) => void;

/** Begins the plugins of a request: calls `onRequest`, and `onResponse` when the response is written. */
export function plugins(current: () => PluginSet | undefined, bodies: BodyLimits, fail: Fail): Middleware {
  return (next) => (context) => {
    const set = current();
    // a probe must not wait for plugins
    if (set === undefined || HEALTH_PATHS.has(pathOf(context.req.url))) return next(context);
    if (set.plugins.length === 0 && context.trace?.spans === undefined) return next(context);
    const run = beginRun(context, set, bodies, fail);
    if (run.hooks.onRequest === undefined) return next(context);
    return settle(run.onRequest(), next, context, fail);
  };
}

/** Calls `onAuthenticate` when the client is known. */
export function authenticatedPlugins(fail: Fail): Middleware {
  return (next) => (context) => {
    const run = context.plugins;
    if (run?.hooks.onAuthenticate === undefined) return next(context);
    return settle(run.onAuthenticate(), next, context, fail);
  };
}

function settle(
  returned: ReturnType<PluginRun['onRequest']>,
  next: (context: RequestContext) => void,
  context: RequestContext,
  fail: Fail,
): void {
  const proceed = (response: Replacement | undefined) =>
    response === undefined ? next(context) : sendResponse(context, responseOf(context.res, response));
  const settled = andThen(returned, proceed);
  if (settled instanceof Promise) settled.catch((error: unknown) => fail(context, error));
}

function beginRun(context: RequestContext, set: PluginSet, bodies: BodyLimits, fail: Fail): PluginRun {
  const run = new PluginRun(set, new Facts(context, bodies), context.trace?.spans);
  context.plugins = run;
  const res: ClientResponse = context.res;
  if (run.hooks.onStage !== undefined) {
    const end = run.startStage('request');
    if (end) res.once('close', () => end({}));
  }
  if (run.hooks.onResponse === undefined) return run;
  res.responseHook = new ResponseHook(
    (response) =>
      run.onResponse({
        response,
        operation: operationOf(context),
        errors: (context.errors ?? []) as [],
        durationMs: performance.now() - context.startedAt,
      }),
    (error) => fail(context, error),
  );
  return run;
}

/** What plugins see of a request, and may change. A class: as a literal with closures, it took a good part of the time of a traced request. */
class Facts implements RequestFacts {
  readonly #context: RequestContext;
  readonly #bodies: BodyLimits;

  constructor(context: RequestContext, bodies: BodyLimits) {
    this.#context = context;
    this.#bodies = bodies;
  }

  get requestId(): string {
    return this.#context.requestId;
  }

  get method(): string {
    return this.#context.req.method ?? 'GET';
  }

  get url(): string {
    return this.#context.req.url ?? '/';
  }

  get headers(): IncomingHttpHeaders {
    return this.#context.req.headers;
  }

  headersWillChange(): void {
    this.#context.keepCredentials();
  }

  get client(): RequestContext['client'] {
    return this.#context.client;
  }

  get hasStreamedBody(): boolean {
    return isFormData(this.#context.req.headers);
  }

  readBody(): Promise<string> {
    return readAhead(this.#context.req, this.#bodies);
  }

  setBody(text: string): void {
    const { req } = this.#context;
    if (isBodyRead(req) && givenBodyOf(req) === undefined) throw tooLate();
    giveBody(req, Buffer.from(text));
  }

  setIdentity(identity: Identity): void {
    const context = this.#context;
    context.client = { ...context.client, identity };
  }
}

/** How much of a request body is read. */
export interface BodyLimits {
  readonly maxRequestBytes: number;
  readonly byteBudget?: ByteBudget | undefined;
}

/** Reads a body before its handler does, and keeps it for that. */
async function readAhead(req: IncomingMessage, { maxRequestBytes, byteBudget }: BodyLimits): Promise<string> {
  const given = givenBodyOf(req);
  if (given !== undefined) return given.toString();
  if (req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS') return '';
  if (isBodyRead(req)) throw tooLate();
  if (isFormData(req.headers)) throw streamedBody();
  const text = await readBody(req, maxRequestBytes, byteBudget);
  giveBody(req, Buffer.from(text));
  return text;
}

/** Returns the error for a body with files: it is sent on while it arrives, and may be larger than the memory. */
function streamedBody(): GatewayError {
  const message = 'The request has a body of multipart/form-data. It is streamed, and a plugin reads whole bodies.';
  return new GatewayError(415, 'UNSUPPORTED_MEDIA_TYPE', message, { headers: { accept: 'application/json' } });
}

function tooLate(): TypeError {
  return new TypeError(
    'The body of the request is read already. Use readBody and setBody in onRequest or onAuthenticate.',
  );
}

function operationOf({ operation }: RequestContext): OperationFacts | undefined {
  return operation as OperationFacts | undefined;
}
