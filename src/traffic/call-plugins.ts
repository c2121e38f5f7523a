import { type CheckedResult, checkResult } from '../plugins/accept.ts';
import { andThen, type Maybe } from '../plugins/call-hooks.ts';
import type { FetchedResponse, PluginResult } from '../plugins/hooks.ts';
import type { FetchFacts, FetchResponseFacts, PluginRun, TryFacts } from '../plugins/plugin-run.ts';
import { parseJson, stringifyJson } from '../shared/exact-json.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { recordedStatus } from '../shared/recorded-status.ts';
import { refusesSubscription } from '../shared/request-error.ts';
import type { CallSpan, SpanEnd } from '../shared/trace.ts';
import { ABORTED } from '../sources/http/http-failure.ts';
import type { ForwardHeaders, Source, SourceFailure, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { copyRequest } from './copy-request.ts';

/** Counts fetches, so that each has an id of its own. */
let fetches = 0;

type Done = (response: SubgraphResponse) => void;

/** What plugins see of the requests to a source. */
export interface FetchedSource {
  /** Returns the headers that rules send. */
  readonly forward?: ForwardHeaders | undefined;
  readonly url?: string | undefined;
}

/** Calls `onFetch` before each fetch, and `onFetchResponse` with its response. */
export function callFetchPlugins(source: Source, fetched: FetchedSource = {}): Source {
  return wrapped(source, (request, done, plugins) => {
    const { onFetch, onFetchResponse, onStage } = plugins.hooks;
    if (onFetch === undefined && onFetchResponse === undefined && !onStage?.length) {
      const { spans } = plugins;
      if (spans === undefined) return source.send(request, done);
      return sendWithSpan(source, request, spans.startFetch(source.name, request.operationType), done);
    }
    const start = performance.now();
    const fetchId = `${request.client.requestId}-${++fetches}`;
    const end = onStage && plugins.startStage('fetch', source.name);
    const span = plugins.spans?.startFetch(source.name, request.operationType);
    const traced = withSpan(request, span);
    const finish: Done = (response) => {
      end?.({ error: errorOf(response) });
      span?.end(endOf(response));
      if (onFetchResponse === undefined) return done(response);
      const facts = { fetchId, durationMs: performance.now() - start };
      settle(replaced(source.name, request, response, facts, plugins), done);
    };
    if (onFetch === undefined) return source.send(traced, finish);
    const change = new FetchChange(traced, fetched.forward);
    sendWith(source, change, finish, (facts) =>
      plugins.onFetch({ ...facts, ...change.methods, url: fetched.url, fetchId }),
    );
  });
}

/** Calls `onTry` before each try of a fetch. */
export function callTryPlugins(source: Source): Source {
  return wrapped(source, (request, done, plugins) => {
    const { onTry, onStage } = plugins.hooks;
    if (onTry === undefined && !onStage?.length) {
      const { span } = request;
      if (span === undefined) return source.send(request, done);
      return sendWithSpan(source, request, span.startTry('POST'), done);
    }
    const end = onStage && plugins.startStage('try', source.name);
    const span = request.span?.startTry('POST');
    const traced = withSpan(request, span);
    const finish: Done = (response) => {
      end?.({ error: errorOf(response) });
      span?.end(endOf(response));
      done(response);
    };
    if (onTry === undefined) return source.send(traced, finish);
    const waiting = copyRequest(traced);
    waiting.sentAt = undefined;
    sendWith(source, new FetchChange(waiting), finish, (facts) => plugins.onTry(facts));
  });
}

/** Calls `onFetch` before a subscription starts, and whenever it starts again. */
export function callSubscribePlugins(name: string, subscribe: Subscribe, fetched: FetchedSource = {}): Subscribe {
  return (request, sink) => {
    const { plugins } = request.client;
    if (plugins?.hooks.onFetch === undefined) return subscribe(request, sink);
    let [isCancelled, cancel] = [false, () => {}];
    const change = new FetchChange(request, fetched.forward);
    const send: Source['send'] = (changed) => {
      if (!isCancelled) cancel = subscribe(changed, sink);
    };
    const answer = (response: SubgraphResponse) => {
      if (isCancelled) return;
      if (response.kind === 'failure') return sink.error(response.failure);
      if (response.kind === 'text' && refusesSubscription(response.text)) return sink.refuse(response.text);
      if (response.kind === 'text') void sink.next(response.text);
      sink.complete();
    };
    sendWith({ name, send }, change, answer, (facts) =>
      plugins.onFetch({
        ...facts,
        ...change.methods,
        url: fetched.url,
        fetchId: `${request.client.requestId}-${++fetches}`,
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  };
}

type Subscribe = NonNullable<Source['subscribe']>;

/** Sends a request that no plugin changes, and ends its span with the response. */
function sendWithSpan(source: Source, request: SourceRequest, span: CallSpan, done: Done): void {
  source.send(withSpan(request, span), (response) => {
    span.end(endOf(response));
    done(response);
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
    close: () => source.close(),
  };
}

/** What plugins change of a request. */
class FetchChange {
  readonly headers = new Headers();
  readonly request: SourceRequest;
  readonly methods: Pick<FetchFacts, 'forwardedHeaders' | 'removeForwarded' | 'setBody'>;
  #body: string | undefined;
  readonly #removed: string[] = [];

  constructor(request: SourceRequest, forward?: ForwardHeaders) {
    this.request = request;
    this.methods = {
      forwardedHeaders: () => headersOf(forward?.(request.client).pairs),
      removeForwarded: (name) => void this.#removed.push(String(name).toLowerCase()),
      setBody: (text) => {
        if (typeof text !== 'string') throw new TypeError('The body of a fetch must be a text.');
        this.#body = text;
      },
    };
  }

  /** Returns the request as plugins have left it. */
  get changed(): SourceRequest {
    const added = [...this.headers].flat();
    const { request } = this;
    const sent = this.#body === undefined ? request : withBody(request, this.#body);
    if (added.length === 0 && this.#removed.length === 0) return sent;
    const { client } = request;
    const addedHeaders = [...(client.addedHeaders ?? []), ...added];
    // what `onFetch` has removed stays removed for the tries of the fetch
    const removedHeaders = [...(client.removedHeaders ?? []), ...this.#removed];
    return { ...sent, client: { ...client, addedHeaders, removedHeaders } };
  }
}

/** Returns a request with the body of a plugin. */
function withBody(request: SourceRequest, body: string): SourceRequest {
  return { ...request, body, sharedBody: undefined, isRewritten: true };
}

function headersOf(pairs: readonly string[] = []): Headers {
  const headers = new Headers();
  for (let i = 0; i < pairs.length; i += 2) headers.append(pairs[i] as string, pairs[i + 1] as string);
  return headers;
}

/** Sends a request as plugins change it, unless one of them has made the result. */
function sendWith(
  source: Pick<Source, 'name' | 'send'>,
  change: FetchChange,
  done: Done,
  hook: (facts: TryFacts) => Maybe<CheckedResult | undefined>,
): void {
  const { name } = source;
  const { request, headers } = change;
  const proceed = (result: CheckedResult | undefined) => {
    if (result !== undefined) done(responseOf(result));
    else source.send(change.changed, done);
  };
  const fail = (error: unknown) => done(failed(name, error));
  let returned: ReturnType<typeof hook>;
  try {
    returned = hook({ subgraph: name, operationType: request.operationType, body: request.body, headers });
  } catch (error) {
    return fail(error);
  }
  if (returned instanceof Promise) returned.then(proceed, fail);
  else proceed(returned);
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
    return done(failed(name, error));
  }
  if (settled instanceof Promise) settled.catch((error: unknown) => failed(name, error)).then(done);
  else done(settled);
}

function replaced(
  name: string,
  { body, operationType }: SourceRequest,
  response: SubgraphResponse,
  known: Pick<FetchResponseFacts, 'fetchId' | 'durationMs'>,
  plugins: PluginRun,
) {
  const facts = {
    subgraph: name,
    body,
    operationType,
    ...known,
    status: recordedStatus(response),
    failure:
      response.kind === 'failure' ? { code: response.failure.code, message: response.failure.message } : undefined,
    response: new LazyResponse(response),
  };
  return {
    name,
    response: () => andThen(plugins.onFetchResponse(facts), (result) => facts.response.replacedBy(result)),
  };
}

/** The response of a fetch. Its result is parsed from its text when a plugin reads it: the executor has objects of its own. */
class LazyResponse implements FetchedResponse {
  readonly #response: SubgraphResponse;
  #headers: Headers | undefined;

  constructor(response: SubgraphResponse) {
    this.#response = response;
  }

  get result(): PluginResult | undefined {
    const response = this.#response;
    if (response.kind === 'failure') return undefined;
    const text = response.kind === 'text' ? response.text : stringifyJson(response.result);
    try {
      return checkResult(parseJson(text ?? 'null'));
    } catch {
      // no GraphQL result: the executor reports it
      return undefined;
    }
  }

  get headers(): Headers {
    const response = this.#response;
    this.#headers ??= headersOf(response.kind === 'failure' ? [] : response.headers);
    return this.#headers;
  }

  /** Returns the response with the headers as plugins have left them, and with another result if there is one. */
  replacedBy(result: CheckedResult | undefined): SubgraphResponse {
    const response = this.#response;
    if (response.kind === 'failure') return result === undefined ? response : responseOf(result);
    const headers = this.#headers ? [...this.#headers].flat() : response.headers;
    if (result !== undefined) return { ...responseOf(result), headers, freshness: response.freshness };
    return headers === response.headers ? response : { ...response, headers };
  }
}

function responseOf({ data, errors, extensions }: CheckedResult): SubgraphResponse & { kind: 'text' } {
  const members = [
    ...(data === undefined ? [] : [`"data":${data}`]),
    ...(errors.length === 0 ? [] : [`"errors":${stringifyJson(errors)}`]),
    ...(extensions === undefined ? [] : [`"extensions":${stringifyJson(extensions)}`]),
  ];
  return { kind: 'text', text: `{${members.join()}}`, status: 200 };
}

/** Returns the failure of a fetch that a plugin refused, or in which one failed. */
export function failureOf(name: string, error: unknown): SourceFailure {
  const refusal = error instanceof GatewayError ? error : new GatewayError(500, 'PLUGIN_FAILED', 'A plugin failed.');
  const { code, message } = refusal;
  const text = `The request to "${name}" was not completed: ${message}`;
  return { code: code as 'PLUGIN_FAILED', message: text, isOfPlugin: true };
}

function failed(name: string, error: unknown): SubgraphResponse {
  return { kind: 'failure', failure: failureOf(name, error) };
}

/** Returns how a fetch or a try ended, for its span. */
function endOf(response: SubgraphResponse): SpanEnd {
  const { code, reason } = (response.kind === 'failure' ? response.failure : response.failed) ?? {};
  return { status: recordedStatus(response), code, reason, isCancelled: reason === ABORTED };
}

function errorOf(response: SubgraphResponse): Error | undefined {
  return response.kind === 'failure' ? new Error(response.failure.message) : undefined;
}
