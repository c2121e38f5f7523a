import { isDeepStrictEqual } from 'node:util';
import { print } from 'graphql';
import type { ExecutionStages, SupergraphStages } from '../../config/sections/coprocessor.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { isRecord } from '../accept.ts';
import type { ExecuteHook, Hooks, OperationChange, OperationResult, ParseHook, PayloadHook } from '../hooks.ts';
import { brokenBody, type StageAnswer, type StagePayload, wrong } from './protocol.ts';
import { requestValues, responseValues } from './router-stages.ts';
import type { StageCaller } from './stage-caller.ts';
import { applyHeaders, joinedHeaders, ofRequest, requestHeaderLists } from './stage-headers.ts';

type Sdl = () => string | undefined;

/** Returns the hooks of the stages of operations: SupergraphRequest, ExecutionRequest, ExecutionResponse, SupergraphResponse. */
export function operationHooks(
  supergraph: SupergraphStages,
  execution: ExecutionStages,
  caller: StageCaller,
  sdl: Sdl,
): Hooks {
  const { request: onSupergraph, response: onSupergraphResponse } = supergraph;
  const { request: onExecution, response: onExecutionResponse } = execution;
  return {
    ...(onSupergraph && { onParse: (hook) => supergraphRequest(onSupergraph, caller, sdl, hook) }),
    ...(onExecution && { onExecute: (hook) => executionRequest(onExecution, caller, sdl, hook) }),
    ...((onSupergraphResponse ?? onExecutionResponse) && {
      async onPayload(hook) {
        const { payload } = hook;
        if (onExecutionResponse && payload.data !== undefined)
          await operationResponse('ExecutionResponse', onExecutionResponse, caller, sdl, hook);
        if (onSupergraphResponse)
          await operationResponse('SupergraphResponse', onSupergraphResponse, caller, sdl, hook);
      },
    }),
  };
}

function supergraphRequest(
  settings: NonNullable<SupergraphStages['request']>,
  caller: StageCaller,
  sdl: Sdl,
  hook: ParseHook,
): Promise<OperationResult | undefined> {
  const { request, context, log, query, operationName, variables } = hook;
  const source = { context, request };
  const payload = () => ({
    ...(settings.headers !== false && { headers: requestHeaderLists(settings, request.headers) }),
    ...(settings.body && { body: { query, operationName, variables } }),
    ...(settings.sdl && { sdl: sdl() }),
    ...(settings.path && { path: request.url }),
    ...(settings.method && { method: request.method }),
  });
  const call = { stage: 'SupergraphRequest', settings, source, log, values: requestValues(source), payload } as const;
  return caller.call(call, (answer, sent) => {
    if (answer.breakStatus !== undefined) return brokenResult(answer, answer.breakStatus);
    if (answer.body !== undefined && isChanged(answer.body, sent.body))
      hook.setOperation(operationOf(answer.body, settings.body));
    applyHeaders(answer.headers, sent.headers, ofRequest(request.headers));
    return undefined;
  });
}

function executionRequest(
  settings: NonNullable<ExecutionStages['request']>,
  caller: StageCaller,
  sdl: Sdl,
  { request, context, log, document, operation, variables }: ExecuteHook,
): Promise<OperationResult | undefined> {
  const source = { context, request, operation };
  const payload = () => ({
    ...(settings.headers !== false && { headers: requestHeaderLists(settings, request.headers) }),
    ...(settings.body && { body: { query: print(document), operationName: operation.name, variables } }),
    ...(settings.sdl && { sdl: sdl() }),
    ...(settings.method && { method: request.method }),
  });
  const call = { stage: 'ExecutionRequest', settings, source, log, values: requestValues(source), payload } as const;
  return caller.call(call, (answer, sent) => {
    if (answer.breakStatus !== undefined) return brokenResult(answer, answer.breakStatus);
    if (answer.body !== undefined && isChanged(answer.body, sent.body))
      wrong('it changed the body, which is planned already; change it in SupergraphRequest');
    applyHeaders(answer.headers, sent.headers, ofRequest(request.headers));
    return undefined;
  });
}

async function operationResponse(
  stage: 'ExecutionResponse' | 'SupergraphResponse',
  settings: NonNullable<SupergraphStages['response']>,
  caller: StageCaller,
  sdl: Sdl,
  { request, context, log, operation, payload: given }: PayloadHook,
): Promise<void> {
  const source = { context, request, operation };
  const { ofStream } = given;
  const statusCode = given.status ?? 200;
  const bodyOf = () => ({
    data: given.data,
    errors: given.errors.length > 0 ? given.errors : undefined,
    extensions: given.extensions,
  });
  const payload = () => ({
    ...(settings.headers !== false && { headers: given.headers ? listsOf(given.headers) : {} }),
    ...(settings.body && { body: bodyOf() }),
    ...(settings.sdl && { sdl: sdl() }),
    ...(settings.status_code && ofStream !== 'later' && { statusCode }),
    ...(ofStream === 'first' && { hasNext: true }),
  });
  const values = {
    ...requestValues(source),
    ...responseValues(source, () => statusCode),
    is_primary_response: () => ofStream !== 'later',
  };
  await caller.call({ stage, settings, source, log, values, payload }, (answer, sent) => {
    const body = answer.breakStatus === undefined ? answer.body : brokenBody(answer.body);
    const replaced = body !== undefined && isChanged(body, sent.body) ? resultIn(body) : undefined;
    if (replaced) {
      given.data = replaced.data as typeof given.data;
      given.errors = replaced.errors as typeof given.errors;
      given.extensions = replaced.extensions as typeof given.extensions;
    }
    const status = answer.breakStatus ?? answer.statusCode;
    if (status !== undefined && status !== statusCode) given.status = status;
    const added = joinedHeaders(answer.headers);
    if (added && Object.keys(added).length > 0) given.headers = added;
  });
}

function listsOf(headers: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
}

/** Returns whether a body differs from the sent one in more than the order of its members. */
export function isChanged(body: unknown, sent: StagePayload['body']): boolean {
  if (sent === undefined) return true;
  return !isDeepStrictEqual(body, parseJson(stringifyJson(sent) ?? 'null'));
}

/** Returns the parts of a body that replace those of an operation. */
function operationOf(body: unknown, wasSent: boolean): OperationChange {
  if (!wasSent) return wrong('it returned a body; set "supergraph.request.body" to let it change the operation');
  if (!isRecord(body)) return wrong('its "body" is not an object');
  const { query, operationName, variables } = body;
  return {
    ...(query != null && { query: query as string }),
    operationName: (operationName ?? undefined) as string | undefined,
    ...(variables != null && { variables: variables as Record<string, unknown> }),
  };
}

/** Returns the result of an operation or of a fetch in a body. Throws for one that is none. */
export function resultIn(body: unknown): {
  readonly data?: unknown;
  readonly errors: unknown;
  readonly extensions?: unknown;
} {
  if (!isRecord(body)) return wrong('its "body" is not an object');
  const { data, errors, extensions } = body;
  const isList =
    errors == null ||
    (Array.isArray(errors) && errors.every((one) => isRecord(one) && typeof one.message === 'string'));
  if (!isList) return wrong('the "errors" of its body are no list of objects with a "message"');
  if (data != null && !isRecord(data)) return wrong('the "data" of its body is not an object');
  if (extensions != null && !isRecord(extensions)) return wrong('the "extensions" of its body are not an object');
  if (data === undefined && ((errors as unknown[] | null | undefined) ?? []).length === 0)
    return wrong('its body has neither "data" nor "errors"');
  return { data, errors: errors ?? [], extensions: extensions ?? undefined };
}

/** Returns the result with which a stage ends. */
function brokenResult({ body, headers }: StageAnswer, status: number): OperationResult {
  return { ...(resultIn(brokenBody(body)) as OperationResult), status, headers: joinedHeaders(headers) };
}
