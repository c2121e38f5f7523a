import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import { charsetOf, isFormData, isJsonType, parseMediaType } from '../client/media-type.ts';
import { toGatewayError } from '../http/error-response.ts';
import { JSON_TYPE, negotiateMediaType, RESULT_TYPES } from '../http/media-type.ts';
import type { RequestContext } from '../http/request-context.ts';
import { errorResponse, type HttpResponse, textResponse } from '../http/response.ts';
import { addServerTiming } from '../http/server-timing.ts';
import { shorten } from '../operation/print-value.ts';
import type { ReadDocument } from '../pipeline/engine.ts';
import type { SingleResult } from '../pipeline/execution-result.ts';
import type { GraphqlCall } from '../pipeline/operation-context.ts';
import type { OperationRunner } from '../pipeline/run-operation.ts';
import type { Subscriber } from '../pipeline/subscriber.ts';
import type { CollectedHeaders } from '../policy/headers/response-headers.ts';
import { READABLE_CODINGS } from '../shared/content-codings.ts';
import { isUtf8Charset } from '../shared/decode-text.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import type { OperationLabel } from '../shared/request-notes.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CacheHeaders } from './cache-headers.ts';
import type { ResponseSender } from './compressed-response.ts';
import { refusedResult, resultResponse, tracedResponse } from './graphql-over-http.ts';
import { createIncrementalService, type IncrementalService } from './incremental/incremental-service.ts';
import { INCREMENTAL_TYPES } from './incremental/negotiate.ts';
import type { GraphqlBatch, RequestReader } from './request-reader.ts';
import type { ResponseCache } from './response-cache.ts';
import { SUBSCRIPTION_TYPES, subscriptionFormat } from './stream-formats.ts';
import { executeStreamed, isSingle, type RouteSubscriptions, subscribe } from './subscriptions-over-http.ts';
import { runWithFiles } from './uploads/run-with-files.ts';

export interface GraphqlServiceOptions {
  readonly runner: OperationRunner<RequestContext>;
  readonly reader: RequestReader;
  readonly sender: ResponseSender;
  readonly logger: Logger;
  /** Computes headers for caches. Without it, responses have none. */
  readonly cacheHeaders?: CacheHeaders | undefined;
  /** Caches whole responses to GET. */
  readonly responseCache?: Pick<ResponseCache, 'store'> | undefined;
  /** Whether fragments with `@defer` are sent after the rest, to clients that accept it. */
  readonly incremental?: boolean | undefined;
  /** Whether responses have `Server-Timing`. */
  readonly hasServerTiming?: boolean | undefined;
  /** Runs subscriptions. Without it, they are refused. */
  readonly subscriptions?: RouteSubscriptions | undefined;
  /** Counts that a client uses an operation. */
  readonly countUse?: ((operation: OperationLabel, headers: IncomingHttpHeaders) => void) | undefined;
  /** Called for each refused request. */
  readonly onRefused?: ((refusal: GatewayError) => void) | undefined;
}

/**
 * The steps of a GraphQL request over HTTP. Both the fast path (fast-path.ts) and Yoga (yoga.ts) consist of these steps.
 */
export interface GraphqlService {
  /** Reads the operation or batch of a request. Rejects with `GatewayError` (400, 406, 413, 415) or `ClientDisconnected`. */
  read(context: RequestContext): Promise<GraphqlCall | GraphqlBatch>;
  /** Executes a call or batch, and builds its response. Rejects with `GatewayError` (429, 503, 504) or an internal error. */
  handle(context: RequestContext, call: GraphqlCall | GraphqlBatch): Promise<HttpResponse>;
  /** Returns the response for an error of a step. Logs and masks errors that are not meant for clients. */
  refuse(context: RequestContext, error: unknown): HttpResponse;
  /** Sends a response. Returns a promise only when it is encoded. */
  send(context: RequestContext, response: HttpResponse): void | Promise<void>;
  /** Executes one operation: the first half of `handle`. */
  execute(context: RequestContext, call: GraphqlCall): Promise<SingleResult>;
  /** Starts the subscription of a call; `undefined` if it is none, or where subscriptions are off. Rejects as `execute` does. */
  open(context: RequestContext, call: GraphqlCall): Promise<Subscriber | SingleResult> | undefined;
  /** Executes an operation for a client that accepts parts, on a connection that it shares with others; see `IncrementalService`. */
  openParts: IncrementalService['open'];
  /** Builds the response of a result: the second half of `handle`. */
  respond(context: RequestContext, result: SingleResult): HttpResponse;
  /** Returns the result of one operation for an error; see `refuse`. */
  refuseOperation(context: RequestContext, error: unknown): SingleResult;
  /** Creates a separate context for each operation of a batch. */
  openBatch(context: RequestContext, batch: GraphqlBatch): OpenBatch;
  /** Returns the parsed and validated document of a call; `undefined` without a schema. */
  readDocument(context: RequestContext, call: GraphqlCall): ReadDocument | undefined;
  /** Returns the schema that clients see at this route. Throws `GatewayError` 503 without one. */
  schema(): GraphQLSchema;
}

export function createGraphqlService(options: GraphqlServiceOptions): GraphqlService {
  const { runner, cacheHeaders, sender, countUse, subscriptions } = options;
  const refuse = (context: RequestContext, error: unknown) => {
    const refusal = toGatewayError(error, context, options);
    if (options.hasServerTiming) addServerTiming(context);
    if (context.debug === undefined) return errorResponse(refusal, contentTypeFor(context));
    return tracedResponse(refusedResult(refusal), context.debug, contentTypeFor(context));
  };

  const execute = (context: RequestContext, call: GraphqlCall) => {
    context.operationName = call.params.operationName ?? undefined;
    const { uploads } = context;
    return uploads ? runWithFiles(uploads, context, () => runner.run(context, call)) : runner.run(context, call);
  };
  const executeOne = (context: RequestContext, call: GraphqlCall) =>
    execute(context, call).then((result) => respond(context, result));
  const parts = createIncrementalService({ ...options, respond, errorsFor: errorsFor(options) });
  const open = (context: RequestContext, call: GraphqlCall) => {
    // an operation with files has one result
    const opened = context.uploads ? undefined : subscriptions && subscribe(subscriptions, context, call);
    return opened?.then((result) => {
      if (!isSingle(result)) note(context, result.operation);
      return result;
    });
  };

  function note(context: RequestContext, operation: OperationLabel | undefined): void {
    context.operation = operation;
    if (countUse && operation && context.debug === undefined) countUse(operation, context.requestHeaders);
  }

  function respond(context: RequestContext, result: SingleResult): HttpResponse {
    const { cachePolicy, dependsOn } = result;
    note(context, result.operation);
    if (result.errors.length > 0) context.errors = result.errors;
    context.record?.begin('respond');
    if (options.hasServerTiming) addServerTiming(context);
    if (context.debug) return tracedResponse(result, context.debug, contentTypeFor(context));
    // a `cache-control` that a header rule returns from a subgraph takes precedence
    const needsCacheControl =
      cachePolicy !== undefined && cacheHeaders !== undefined && !context.res.hasHeader('cache-control');
    const caching = needsCacheControl ? cacheHeaders(cachePolicy, context, dependsOn) : undefined;
    const response = resultResponse(result, contentTypeFor(context), caching, context.shared);
    return options.responseCache?.store(context, result, response, caching) ?? response;
  }

  return {
    read: (context) => readSupported(context, options, parts),
    handle(context, call) {
      // the result comes when the files have arrived
      if (context.uploads) return executeOne(context, call as GraphqlCall);
      const format = parts.formatFor(context);
      if ('calls' in call) return executeBatch({ executeOne, refuse }, context, call);
      const events = subscriptions && subscriptionFormat(context.req.headers.accept);
      const whole = () => (format === undefined ? undefined : parts.execute(context, call, format));
      if (events === undefined) return whole() ?? executeOne(context, call);
      return executeStreamed({ open, subscriptions, execute, respond, note, whole }, context, call, events);
    },
    refuse,
    send: sender.send,
    execute,
    open,
    openParts: parts.open,
    respond,
    refuseOperation: (context, error) => refusedResult(toGatewayError(error, context, options)),
    openBatch,
    readDocument: (context, call) => runner.readDocument(context, call),
    schema: () => runner.schema(),
  };
}

/** Returns what makes the errors that clients see of an error. */
function errorsFor(options: GraphqlServiceOptions) {
  return (context: RequestContext, error: unknown) => refusedResult(toGatewayError(error, context, options)).errors;
}

/** What executes one operation of a batch. */
interface BatchParts {
  readonly executeOne: (context: RequestContext, call: GraphqlCall) => Promise<HttpResponse>;
  readonly refuse: GraphqlService['refuse'];
}

/** Executes each operation as a separate request, and returns their results in order. */
async function executeBatch(
  { executeOne, refuse }: BatchParts,
  context: RequestContext,
  batch: GraphqlBatch,
): Promise<HttpResponse> {
  // it has one response, which is whole
  if (negotiateMediaType(context.req.headers.accept) === undefined) throw notAcceptable();
  const { items, finish } = openBatch(context, batch);
  let turn = Promise.resolve();
  const responses = await Promise.all(
    items.map(async (item, index) => {
      // each begins in a separate turn of the event loop, because several large operations would block it for long
      if (index > 0) turn = turn.then(nextTurn);
      await turn;
      if (item.call instanceof GatewayError) return refuse(item.context, item.call);
      return executeOne(item.context, item.call).catch((error: unknown) => refuse(item.context, error));
    }),
  );
  finish();
  return textResponse(200, contentTypeFor(context), `[${responses.map(({ body }) => String(body)).join(',')}]`);
}

/** Reads a request whose media types and codings are supported. */
function readSupported(
  context: RequestContext,
  {
    reader,
    sender,
    subscriptions,
    incremental,
  }: Pick<GraphqlServiceOptions, 'reader' | 'sender' | 'subscriptions' | 'incremental'>,
  parts: IncrementalService,
): Promise<GraphqlCall | GraphqlBatch> {
  const { headers, method } = context.req;
  // Before execution: a mutation must not run when its response cannot be delivered.
  const acceptsStream = parts.formatFor(context) ?? (subscriptions && subscriptionFormat(headers.accept));
  if (negotiateMediaType(headers.accept) === undefined && acceptsStream === undefined)
    return Promise.reject(
      notAcceptable([...(incremental ? INCREMENTAL_TYPES : []), ...(subscriptions ? SUBSCRIPTION_TYPES : [])]),
    );
  if (sender.excludesAll(headers['accept-encoding'])) return Promise.reject(noCoding());
  if (method !== 'GET' && !isJsonRequest(headers)) {
    if (!isFormData(headers)) return Promise.reject(unsupportedMediaType(headers));
    // it has one response, which is whole
    if (negotiateMediaType(headers.accept) === undefined) return Promise.reject(notAcceptable());
  }
  return reader(context);
}

/** One operation of a batch, or the error of one that cannot be executed. */
export interface BatchItem {
  readonly context: RequestContext;
  readonly call: GraphqlCall | GatewayError;
}

/** A batch whose operations are being executed. */
export interface OpenBatch {
  readonly items: readonly BatchItem[];
  /** Merges the headers of the operations and their notes for the log. */
  finish(): void;
}

function openBatch(context: RequestContext, { calls }: GraphqlBatch): OpenBatch {
  const collected: CollectedHeaders[] = [];
  const items = calls.map((call, index) => {
    const headerSink = (headers: CollectedHeaders) => {
      collected[index] = headers;
    };
    return { call, context: context.forOperation(headerSink) };
  });
  context.onAbort = () => {
    for (const item of items) item.context.onAbort?.();
  };
  return {
    items,
    finish() {
      writeMergedHeaders(collected, context);
      mergeNotes(
        items.map((item) => item.context),
        context,
      );
      const last = items.at(-1)?.context;
      if (last) context.headers = last.headers;
    },
  };
}

/** Merges the notes of all operations into the log line of the batch. */
function mergeNotes(items: readonly RequestContext[], context: RequestContext): void {
  const names = items.flatMap(({ operation, operationName }) => operation?.name ?? operationName ?? []);
  const types = new Set(items.flatMap(({ operation }) => operation?.type ?? []));
  context.operation = { name: names.join(','), type: [...types].join(',') };
  context.errors = items.flatMap(({ errors }) => errors ?? []);
}

/** Writes the headers of all operations of a batch into its response, in the order of the operations. */
function writeMergedHeaders(collected: readonly (CollectedHeaders | undefined)[], { res }: RequestContext): void {
  const [first, ...others] = collected.filter((headers) => headers !== undefined);
  if (first === undefined) return;
  const all = first.copy();
  for (const headers of others) all.add(headers);
  all.writeTo(res);
}

/** Returns whether the content type is JSON in UTF-8. No charset means UTF-8. */
export function isJsonRequest(headers: { readonly 'content-type'?: string | undefined }): boolean {
  const type = headers['content-type'];
  return type === 'application/json' || (type !== undefined && isJsonInUtf8(type));
}

function isJsonInUtf8(text: string): boolean {
  const type = parseMediaType(text);
  if (type === undefined || !isJsonType(type.essence)) return false;
  const charset = charsetOf(type);
  return charset === undefined || isUtf8Charset(charset);
}

function unsupportedMediaType(headers: { readonly 'content-type'?: string | undefined }): GatewayError {
  const type = shorten(headers['content-type'] ?? 'none');
  const message = `The request's content type is ${type}; expected application/json in UTF-8.`;
  return new GatewayError(415, 'UNSUPPORTED_MEDIA_TYPE', message, { headers: { accept: 'application/json' } });
}

/** Returns the error for an `accept-encoding` header that excludes every supported coding. */
function noCoding(): GatewayError {
  const message = `The "accept-encoding" header allows none of identity, ${READABLE_CODINGS.join(', ')}.`;
  return new GatewayError(406, 'NOT_ACCEPTABLE', message);
}

/** @param streamed the media types of results that come in parts, where the request may have one */
function notAcceptable(streamed: readonly string[] = []): GatewayError {
  const types = [...new Set([...RESULT_TYPES, ...streamed])];
  const message = `The "accept" header allows none of ${types.join(', ')}.`;
  return new GatewayError(406, 'NOT_ACCEPTABLE', message);
}

function contentTypeFor({ req }: RequestContext): string {
  return negotiateMediaType(req.headers.accept) ?? JSON_TYPE;
}
