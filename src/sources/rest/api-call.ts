import { tagsIn } from '../../cache/lifetime.ts';
import { namedTag, subgraphTag } from '../../cache/tags.ts';
import type { Connector } from '../../connectors/connector.ts';
import { templateText } from '../../connectors/url-template.ts';
import type { HeldBytes } from '../../shared/byte-budget.ts';
import { AbortTimer, untilAborted } from '../../shared/deadline.ts';
import { decodeText, TextDecodingError } from '../../shared/decode-text.ts';
import { parseJson } from '../../shared/exact-json.ts';
import type { FetchTrace } from '../../shared/fetch-trace.ts';
import { OverloadedError } from '../../shared/overloaded-error.ts';
import { parseInSlices } from '../../shared/parse-in-slices.ts';
import { readResponseBytes } from '../../shared/read-bytes.ts';
import { type TimeSlices, WorkStopped } from '../../shared/time-slices.ts';
import type { CallSpan, SpanEnd } from '../../shared/trace.ts';
import { hasWaitedLong } from '../../shared/waited-long.ts';
import { acceptEncoding, type Compression, decodeContent, encodeRequest, encodingInHeaders } from '../body-encoding.ts';
import { abortFailure, connectionFailure, timeoutFailure } from '../http/http-failure.ts';
import { LONG_TEXT, stoppedFailure, takeMemory } from '../long-text.ts';
import type { CancelSignal, ResponseMemory } from '../source.ts';
import { ApiRefusal } from './api-refusal.ts';
import type { ApiRequest } from './api-request.ts';
import { type ApiResponse, isSuccessStatus, type RawResponse } from './api-response.ts';
import type { ApiTarget } from './api-target.ts';
import type { ApiCallOrigin } from './api-transport.ts';
import { openUpload } from './api-upload.ts';
import { ApiCache, type CacheLookup } from './cache/api-cache.ts';
import { failed, malformed } from './rest-failure.ts';

/** Stops further calls of an API that has sent `Retry-After`. */
export interface RetryAfterGuard {
  /** Called right before the call is made. Throws `RestError` when the API has sent `Retry-After` in the meantime. */
  check(): void;
  /** Records the `Retry-After` of a response, if it has one. */
  respect(response: Pick<RawResponse, 'status' | 'headers'>): void;
}

/** The place of a call in a trace. */
export interface ApiCallPlace {
  /** The span of the fetch, where the trace is recorded. */
  readonly span: CallSpan | undefined;
  /** The headers with the trace context; empty where the API gets none. */
  readonly headers: readonly string[];
}

export interface CallOptions {
  readonly subgraph: string;
  readonly connector: Connector;
  readonly target: ApiTarget;
  /** Timeout of the whole fetch. It includes the time that a call waits for the limit of concurrent calls. */
  readonly timeoutMs: number;
  /** The end of `timeoutMs`, by `performance.now()`. */
  readonly deadline?: number | undefined;
  /** The rest of `timeoutMs`. */
  readonly leftMs: number;
  /** The timeout of the whole client request. */
  readonly clientTimeoutMs?: number | undefined;
  readonly signal: CancelSignal | undefined;
  /** Returns whether files of the client have arrived since the last call. While they do, the time begins again. */
  readonly hasProgress?: (() => boolean) | undefined;
  /** Shared by all calls of the API for one client request. */
  readonly retryAfter?: RetryAfterGuard | undefined;
  /** The cache, if responses of this API may be cached, and what its look-ups need of the request. */
  readonly cache?:
    | (Pick<CacheLookup, 'userHeaders' | 'event' | 'isReload'> & { readonly cached: ApiCache })
    | undefined;
  /** Where long responses wait for memory; where it is missing, none waits. */
  readonly memory?: ResponseMemory | undefined;
  /** The place of the call in the telemetry of the client request. */
  readonly place: ApiCallPlace;
  /** The fetch that the call is for; only where there are plugins. */
  readonly ofFetch?: Omit<ApiCallOrigin, 'body'> | undefined;
  /** Records the call. Only where the client's request has a debug trace. */
  readonly trace?: FetchTrace | undefined;
  /** Returns the slices in which a long response is processed. */
  slices(): TimeSlices;
}

/** Calls an API. Throws `RestError` when no complete, readable response arrives in time. */
export async function callApi(request: ApiRequest, options: CallOptions): Promise<ApiResponse> {
  const { subgraph, connector, timeoutMs, leftMs, signal } = options;
  if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
  const abort = new AbortController();
  const start = performance.now();
  const waitedMs = () => Math.round(performance.now() - start);
  // the call is late itself, if it has waited for long when the client request times out
  const isLate = () =>
    timer.isLate || (signal?.isTimeout === true && hasWaitedLong(waitedMs(), options.clientTimeoutMs));
  const stop = () => abort.abort(isLate() ? timedOut() : undefined);
  const timer = new AbortTimer(leftMs, signal, stop, request.upload && options.hasProgress);
  try {
    const response = await fetchResponse(request, options, abort.signal);
    const body = bodyOf(response, options);
    const { status, headers, text, stored } = response;
    return { status, headers, stored, size: text.length, body: body instanceof Promise ? await body : body };
  } catch (error) {
    if (error instanceof WorkStopped) throw error;
    if (timer.isLate) throw failed(subgraph, connector, timeoutFailure(subgraph, timeoutMs));
    if (signal?.aborted) {
      const failure = isTimeout(abort.signal) ? timeoutFailure(subgraph, waitedMs()) : abortFailure(subgraph);
      throw failed(subgraph, connector, failure);
    }
    const stopped = stoppedFailure(subgraph, error);
    if (stopped) throw failed(subgraph, connector, stopped);
    if (error instanceof ApiRefusal) throw failed(subgraph, connector, error.failure);
    if (error instanceof Error && 'extensions' in error) throw error;
    throw failed(subgraph, connector, connectionFailure(subgraph, error));
  } finally {
    timer.release();
  }
}

function timedOut(): DOMException {
  return new DOMException('The time of the call is over', 'TimeoutError');
}

/** Returns a cached response where that is allowed; calls the API otherwise. */
function fetchResponse(request: ApiRequest, options: CallOptions, signal: AbortSignal): Promise<RawResponse> {
  const { cache, target } = options;
  const isShared = cache !== undefined && ApiCache.isCacheable(request);
  const call = async (headers: Readonly<Record<string, string>>, until: AbortSignal) => {
    const whole = { ...request, headers: { ...request.headers, ...headers } };
    // what a call has changed is reported in any case
    const held = target.byteBudget?.open(request.method === 'GET' || request.method === 'HEAD');
    try {
      const received = await target.limiter.run(() => sendOnce(whole, options, until, held));
      // outside of the limit: calls that an execution with memory makes must not wait for those that wait for memory
      return await readReceived(received, isShared ? { ...options, memory: undefined } : options, until, held);
    } finally {
      held?.release();
    }
  };
  if (cache === undefined) return untilAborted(call({}, signal), signal);
  const { subgraph } = options;
  const tagsOf = (headers: RawResponse['headers']) => [
    subgraphTag(subgraph),
    ...tagsIn(headers).map((tag) => namedTag(subgraph, tag)),
  ];
  const { userHeaders, event, isReload } = cache;
  const lookup = { origin: target.origin, request, userHeaders, event, isReload, tagsOf, signal, call };
  if (isShared) return fetchCached(cache.cached, lookup, options);
  if (request.method === 'GET') return untilAborted(call({}, signal), signal);
  return untilAborted(call({}, signal), signal).finally(() => cache.cached.invalidate(lookup));
}

/** Memory is taken for each request that a cached response or a shared call answers, not for the call. */
async function fetchCached(
  cached: ApiCache,
  lookup: CacheLookup,
  { memory, signal, trace }: CallOptions,
): Promise<RawResponse> {
  const response = await (trace ? fetchTraced(cached, lookup, trace) : cached.fetch(lookup));
  if (response.text.length > LONG_TEXT) await takeMemory(memory, response.text.length, signal);
  return response;
}

/** Does the same as the cache, and records whether it made a call for this request. */
async function fetchTraced(cached: ApiCache, lookup: CacheLookup, trace: FetchTrace): Promise<RawResponse> {
  let isCalled = false;
  const call: CacheLookup['call'] = (headers, signal) => {
    isCalled = true;
    return lookup.call(headers, signal);
  };
  const response = await cached.fetch({ ...lookup, call });
  const age = isCalled ? undefined : response.headers.age;
  const source = age === undefined ? 'in flight' : `cached or in flight, ${age} s old`;
  trace.note(`API cache: ${isCalled ? 'called the API' : `no call, the response was ${source}`}`);
  return response;
}

/** A response whose body is not decoded yet; `bytes` is missing if there are more than allowed. */
interface ReceivedResponse extends Omit<RawResponse, 'text'> {
  readonly bytes: Buffer | undefined;
}

async function sendOnce(
  request: ApiRequest,
  options: CallOptions,
  signal: AbortSignal,
  held: HeldBytes | undefined,
): Promise<ReceivedResponse> {
  signal.throwIfAborted();
  const { target, retryAfter } = options;
  retryAfter?.check();
  const { path, method } = request;
  const { upload } = request;
  const { headers, body } = upload
    ? await openUpload(options.subgraph, upload, {
        'accept-encoding': acceptEncoding(target.compression),
        ...request.headers,
      })
    : await encoded(request, target.compression);
  const { connector, deadline, trace, place } = options;
  const sendsTrace = place.headers.length > 0;
  // headers of the connector take precedence over those of the client
  const whole = sendsTrace ? { ...missing(place.headers, headers), ...headers } : headers;
  const span = place.span?.startCall(method, templateText(connector.url));
  const ofFetch = options.ofFetch && { ...options.ofFetch, body: request.body ?? '' };
  const sent = {
    path,
    method,
    headers: whole,
    body,
    signal,
    deadline,
    ofFetch,
    trace,
    span,
    sendsTrace,
    isOneShot: upload !== undefined,
  };
  try {
    const raw = await target.send(sent);
    const bytes = await readResponseBytes(raw.body, target.settings.maxResponseBytes, held);
    retryAfter?.respect({ status: raw.statusCode, headers: raw.headers });
    span?.end({ status: raw.statusCode, code: isSuccessStatus(raw.statusCode) ? undefined : 'SUBREQUEST_HTTP_ERROR' });
    return { status: raw.statusCode, headers: raw.headers, bytes };
  } catch (error) {
    span?.end(failedCall(options.subgraph, error, signal));
    throw error;
  }
}

/** Returns those of a list of names and values that headers do not have. */
function missing(pairs: readonly string[], headers: Readonly<Record<string, string>>): Record<string, string> {
  const known = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const added: Record<string, string> = {};
  for (let at = 0; at < pairs.length; at += 2)
    if (!known.has(pairs[at] as string)) added[pairs[at] as string] = pairs[at + 1] as string;
  return added;
}

function failedCall(subgraph: string, error: unknown, signal: AbortSignal): SpanEnd {
  if (error instanceof ApiRefusal) return error.failure;
  if (isTimeout(signal)) return { code: timeoutFailure(subgraph, 0).code };
  const { code, reason } = connectionFailure(subgraph, error);
  return { code, reason, isCancelled: signal.aborted };
}

function isTimeout({ aborted, reason }: AbortSignal): boolean {
  return aborted && (reason as Partial<Error> | undefined)?.name === 'TimeoutError';
}

async function readReceived(
  { status, headers, bytes }: ReceivedResponse,
  options: CallOptions,
  signal: AbortSignal,
  held: HeldBytes | undefined,
): Promise<RawResponse> {
  const { subgraph, connector, target, memory } = options;
  const { maxResponseBytes } = target.settings;
  const read =
    bytes === undefined
      ? { reason: tooLarge(maxResponseBytes) }
      : await decoded(bytes, headers, {
          maxBytes: maxResponseBytes,
          held,
          takeMemory: (size) => takeMemory(memory, size, options.signal),
        });
  signal.throwIfAborted();
  // an error status explains more than a body that cannot be read
  if ('reason' in read && (bytes === undefined || isSuccessStatus(status)))
    throw malformed(subgraph, connector, read.reason, status);
  return { status, ...('reason' in read ? { headers, text: '' } : read) };
}

function tooLarge(maxBytes: number): string {
  return `it is larger than ${maxBytes} bytes`;
}

/** Returns headers and body as they are sent. Headers that the connector sets take precedence. */
async function encoded(
  { headers, body }: ApiRequest,
  compression: Compression,
): Promise<{ readonly headers: Record<string, string>; readonly body: string | Buffer | undefined }> {
  const sent = { 'accept-encoding': acceptEncoding(compression), ...headers };
  const { request } = compression;
  if (request === undefined || body === undefined || 'content-encoding' in headers) return { headers: sent, body };
  return { headers: { ...sent, 'content-encoding': request }, body: await encodeRequest(body, request) };
}

interface DecodingLimits {
  readonly maxBytes: number;
  /** Counts the bytes. */
  readonly held: HeldBytes | undefined;
  /** Waits for memory for the text. */
  takeMemory(size: number): Promise<void>;
}

/** Returns the decoded text, with the headers that still apply to it; or the reason why the body cannot be decoded. */
async function decoded(
  bytes: Buffer,
  headers: RawResponse['headers'],
  { maxBytes, held, takeMemory: take }: DecodingLimits,
): Promise<Pick<RawResponse, 'headers' | 'text'> | { readonly reason: string }> {
  try {
    const encoding = encodingInHeaders(headers);
    if (encoding === undefined) {
      if (bytes.length > LONG_TEXT) await take(bytes.length);
      return { headers, text: decodeText(bytes) };
    }
    const body = await decodeContent(bytes, encoding, maxBytes, held);
    if ('isOverloaded' in body) throw new OverloadedError('further large responses');
    if (!('bytes' in body)) return { reason: body.reason };
    if (body.bytes.length > LONG_TEXT) await take(body.bytes.length);
    const { 'content-encoding': _encoding, 'content-length': _length, ...others } = headers;
    return { headers: others, text: decodeText(body.bytes, encoding.charset) };
  } catch (error) {
    if (error instanceof TextDecodingError) return { reason: error.message };
    throw error;
  }
}

/**
 * Parses a body as JSON whatever its content type is, because many APIs do not set it. An empty body is null. Plain text is a
 * string, unless it is a JSON object or list. A body that is not JSON is ignored when the status is an error.
 */
function bodyOf({ status, headers, text }: RawResponse, options: CallOptions): unknown {
  if (text.length < LONG_TEXT && text.trim() === '') return null;
  const type = String(headers['content-type'] ?? '').toLowerCase();
  const isText = type.startsWith('text/plain');
  if (isText && !/^\s*[[{]/.test(text)) return text;
  const unreadable = (error: unknown): unknown => {
    if (error instanceof WorkStopped) throw error;
    if (isText || !isSuccessStatus(status)) return isText ? text : null;
    const what =
      type === '' || type.includes('json') ? 'it is not valid JSON' : `it is ${type.split(';')[0]}, not JSON`;
    throw malformed(options.subgraph, options.connector, what, status);
  };
  if (text.length > LONG_TEXT) return parseInSlices(text, options.slices()).catch(unreadable);
  try {
    return parseJson(text);
  } catch (error) {
    return unreadable(error);
  }
}
