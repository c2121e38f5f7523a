import { acceptResult } from '../plugins/accept.ts';
import { andThen, type Maybe } from '../plugins/call-hooks.ts';
import type { PluginResult } from '../plugins/hooks.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import { parseJson, stringifyJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { CallSpan, SpanEnd } from '../shared/trace.ts';
import { ABORTED } from '../sources/http/http-failure.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { copyRequest } from './copy-request.ts';

type Done = (response: SubgraphResponse) => void;

/** Calls `onFetch` before each fetch, and `onFetchResponse` with its response. */
export function callFetchPlugins(source: Source): Source {
  return wrapped(source, (request, done, plugins) => {
    const { onFetch, onFetchResponse, onStage } = plugins.hooks;
    if (onFetch === undefined && onFetchResponse === undefined && onStage === undefined)
      return source.send(request, done);
    const start = performance.now();
    const end = onStage && plugins.startStage('fetch', source.name);
    const span = plugins.spans?.startFetch(source.name, request.operationType);
    const traced = withSpan(request, span);
    const finish: Done = (response) => {
      end?.({ error: errorOf(response) });
      span?.end(endOf(response));
      if (onFetchResponse === undefined) return done(response);
      settle(replaced(source.name, request, response, performance.now() - start, plugins), done);
    };
    if (onFetch === undefined) return source.send(traced, finish);
    sendWith(source, traced, finish, (facts) => plugins.onFetch(facts));
  });
}

/** Calls `onTry` before each try of a fetch. */
export function callTryPlugins(source: Source): Source {
  return wrapped(source, (request, done, plugins) => {
    const { onTry, onStage } = plugins.hooks;
    if (onTry === undefined && onStage === undefined) return source.send(request, done);
    const end = onStage && plugins.startStage('try', source.name);
    const span = request.span?.startTry('POST');
    const traced = withSpan(request, span);
    const finish: Done = (response) => {
      end?.({ error: errorOf(response) });
      span?.end(endOf(response));
      done(response);
    };
    if (onTry === undefined) return source.send(traced, finish);
    sendWith(source, traced, finish, (facts) => plugins.onTry(facts));
  });
}

function withSpan(request: SourceRequest, span: CallSpan | undefined): SourceRequest {
  if (span === undefined) return request;
  const copy = copyRequest(request);
  copy.span = span;
  return copy;
}

function wrapped(source: Source, send: (request: SourceRequest, done: Done, plugins: PluginRun) => void): Source {
  return {
    name: source.name,
    send(request, done) {
      const { plugins } = request.client;
      if (plugins === undefined) source.send(request, done);
      else send(request, done, plugins);
    },
    subscribe:
      source.subscribe && ((request, sink) => (source.subscribe as NonNullable<Source['subscribe']>)(request, sink)),
    close: () => source.close(),
  };
}

/** Sends a request with the headers that plugins add, unless one of them has made the result. */
function sendWith(
  source: Source,
  request: SourceRequest,
  done: Done,
  hook: (facts: Parameters<PluginRun['onFetch']>[0]) => Maybe<PluginResult | undefined>,
): void {
  const { name } = source;
  const headers = new Headers();
  const proceed = (result: PluginResult | undefined) => {
    if (result !== undefined) done(responseOf(result));
    else source.send(withHeaders(request, headers), done);
  };
  const fail = (error: unknown) => done(failureOf(name, error));
  let returned: ReturnType<typeof hook>;
  try {
    returned = hook({ subgraph: name, operationType: request.operationType, body: request.body, headers });
  } catch (error) {
    return fail(error);
  }
  if (returned instanceof Promise) returned.then(proceed, fail);
  else proceed(returned);
}

function withHeaders(request: SourceRequest, headers: Headers): SourceRequest {
  const added = [...headers].flat();
  if (added.length === 0) return request;
  const { client } = request;
  return { ...request, client: { ...client, addedHeaders: [...(client.addedHeaders ?? []), ...added] } };
}

/** Calls `done` with a response, now or later; with the failure where a plugin failed. */
function settle(
  { name, response }: { readonly name: string; readonly response: () => Maybe<SubgraphResponse> },
  done: Done,
): void {
  let settled: Maybe<SubgraphResponse>;
  try {
    settled = response();
  } catch (error) {
    return done(failureOf(name, error));
  }
  if (settled instanceof Promise) settled.catch((error: unknown) => failureOf(name, error)).then(done);
  else done(settled);
}

function replaced(
  name: string,
  { body, operationType }: SourceRequest,
  response: SubgraphResponse,
  durationMs: number,
  plugins: PluginRun,
) {
  const facts = {
    subgraph: name,
    body,
    operationType,
    durationMs,
    status: response.kind === 'failure' ? response.failure.status : response.status,
    failure:
      response.kind === 'failure' ? { code: response.failure.code, message: response.failure.message } : undefined,
    response: lazyResult(response),
  };
  return {
    name,
    response: () =>
      andThen(plugins.onFetchResponse(facts), (result) => (result === undefined ? response : responseOf(result))),
  };
}

/** The result of a fetch, parsed from its text when a plugin reads it: the executor has objects of its own. */
function lazyResult(response: SubgraphResponse): { readonly result: PluginResult | undefined } {
  return {
    get result() {
      if (response.kind === 'failure') return undefined;
      const text = response.kind === 'text' ? response.text : stringifyJson(response.result);
      try {
        return acceptResult(parseJson(text ?? 'null'));
      } catch {
        // no GraphQL result: the executor reports it
        return undefined;
      }
    },
  };
}

function responseOf(result: PluginResult): SubgraphResponse {
  return { kind: 'text', text: stringifyJson(result), status: 200 };
}

/** Returns the failure of a fetch that a plugin refused, or in which one failed. */
function failureOf(name: string, error: unknown): SubgraphResponse {
  const refusal = error instanceof GatewayError ? error : new GatewayError(500, 'PLUGIN_FAILED', 'A plugin failed.');
  const { code, message } = refusal;
  return {
    kind: 'failure',
    failure: { code: code as 'PLUGIN_FAILED', message: `The request to "${name}" was not completed: ${message}` },
  };
}

/** Returns how a fetch or a try ended, for its span. */
function endOf(response: SubgraphResponse): SpanEnd {
  const { status, code, reason } =
    response.kind === 'failure' ? response.failure : { status: response.status, ...response.failed };
  return { status, code, reason, isCancelled: reason === ABORTED };
}

function errorOf(response: SubgraphResponse): Error | undefined {
  return response.kind === 'failure' ? new Error(response.failure.message) : undefined;
}
