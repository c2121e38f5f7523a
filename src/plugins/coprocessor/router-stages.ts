import type { RouterStages } from '../../config/sections/coprocessor.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import { isRecord } from '../accept.ts';
import type { AuthenticateHook, Hooks, PluginResponse, RequestHook, ResponseHook } from '../hooks.ts';
import type { SelectorValues } from './conditions.ts';
import { claimsSetFor, type EntrySource, entryOf } from './context-entries.ts';
import { brokenBody, type StageAnswer, wrong } from './protocol.ts';
import type { StageCaller } from './stage-caller.ts';
import { applyHeaders, headerLists, of, ofRequest, requestHeaderLists, responseHeaders } from './stage-headers.ts';

/** Returns the hooks of the stages RouterRequest and RouterResponse. */
export function routerHooks(
  { request: onRequest, response: onResponse }: RouterStages,
  caller: StageCaller,
  sdl: () => string | undefined,
): Hooks {
  return {
    ...(onRequest && {
      onRequest: (hook) => routerRequest(onRequest, caller, sdl, hook),
      onAuthenticate: setClaims,
    }),
    ...(onResponse && { onResponse: (hook) => routerResponse(onResponse, caller, sdl, hook) }),
  };
}

function routerRequest(
  settings: NonNullable<RouterStages['request']>,
  caller: StageCaller,
  sdl: () => string | undefined,
  { request, context, log }: RequestHook,
): Promise<PluginResponse | undefined> {
  const source = { context, request };
  const payload = async () => ({
    ...(settings.headers !== false && { headers: requestHeaderLists(settings, request.headers) }),
    ...(settings.body && hasText(request) && { body: await request.readBody() }),
    ...(settings.sdl && { sdl: sdl() }),
    ...(settings.path && { path: request.url }),
    ...(settings.method && { method: request.method }),
  });
  const stage = { stage: 'RouterRequest', settings, source, log, maySetClaims: true } as const;
  return caller.call({ ...stage, values: requestValues(source), payload }, (answer, sent) => {
    if (answer.breakStatus !== undefined) return brokenResponse(answer, answer.breakStatus);
    const body = textOf(answer.body);
    applyHeaders(answer.headers, sent.headers, ofRequest(request.headers));
    if (body !== undefined && body !== sent.body) request.setBody(body);
    return undefined;
  });
}

/** Returns whether a request has a body that is sent. Files are streamed. */
function hasText({ method, hasStreamedBody }: RequestHook['request']): boolean {
  return method !== 'GET' && !hasStreamedBody;
}

/** Makes the claims that the coprocessor has set those of the client. */
function setClaims({ context, setIdentity }: AuthenticateHook): undefined {
  const claims = claimsSetFor(context);
  if (!isRecord(claims)) return;
  const { sub, scope } = claims;
  const scopes = Array.isArray(scope) ? scope.map(String) : String(scope ?? '').split(' ');
  setIdentity({
    subject: typeof sub === 'string' ? sub : undefined,
    scopes: scopes.filter((one) => one !== ''),
    claims,
  });
}

function routerResponse(
  settings: NonNullable<RouterStages['response']>,
  caller: StageCaller,
  sdl: () => string | undefined,
  { request, context, log, response, operation }: ResponseHook,
): Promise<PluginResponse | undefined> {
  const source = { context, request, operation };
  const payload = async () => ({
    ...(settings.headers !== false && { headers: headerLists(settings, response.headers) }),
    ...(settings.body && { body: await response.readBody() }),
    ...(settings.sdl && { sdl: sdl() }),
    ...(settings.status_code && { statusCode: response.status }),
  });
  const values = {
    ...requestValues(source),
    ...responseValues(source, () => response.status),
    response_header: (name: string) => response.headers.get(name),
  };
  return caller.call({ stage: 'RouterResponse', settings, source, log, values, payload }, (answer, sent) => {
    const body = textOf(answer.body);
    if (body !== undefined && body !== sent.body) response.setBody(body);
    applyHeaders(answer.headers, sent.headers, of(response.headers));
    response.status = answer.breakStatus ?? answer.statusCode ?? response.status;
    return undefined;
  });
}

/** Returns what selectors of a request stand for. */
export function requestValues(source: EntrySource): SelectorValues {
  const { request, operation } = source;
  return {
    request_header: (name) => request.headers.get(name),
    request_context: (key) => entryOf(key, source),
    request_method: () => request.method,
    operation_name: () => operation?.name,
    operation_kind: () => operation?.type,
  };
}

/** Returns what selectors of a response stand for. */
export function responseValues(source: EntrySource, status: () => number | undefined): SelectorValues {
  return { response_status: status, response_context: (key) => entryOf(key, source) };
}

/** Returns the response with which a stage ends. */
function brokenResponse({ headers, body }: StageAnswer, status: number): PluginResponse {
  const type = { 'content-type': 'application/json' };
  return { status, headers: { ...type, ...responseHeaders(headers) }, body: stringifyJson(brokenBody(body)) };
}

/** Returns the text of a body. An object is accepted, too. */
function textOf(body: unknown): string | undefined {
  if (body === undefined || typeof body === 'string') return body;
  if (isRecord(body)) return stringifyJson(body);
  return wrong('its "body" is neither a text nor an object');
}
