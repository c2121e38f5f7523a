import type { Connector } from '../../connectors/connector.ts';
import { AbortTimer, untilAborted } from '../../shared/deadline.ts';
import { decodeText, TextDecodingError } from '../../shared/decode-text.ts';
import { parseJson } from '../../shared/exact-json.ts';
import { readResponseBytes } from '../../shared/read-bytes.ts';
import { acceptEncoding, type Compression, decodeForm, encodeRequest, formOfHeaders } from '../body-form.ts';
import { abortFailure, connectionFailure, timeoutFailure } from '../http/http-failure.ts';
import type { CancelSignal } from '../source.ts';
import type { ApiRequest } from './api-request.ts';
import { type ApiResponse, isSuccessStatus, type RawResponse } from './api-response.ts';
import type { ApiTarget } from './api-target.ts';
import { ApiCache } from './cache/api-cache.ts';
import { failed, malformed } from './rest-failure.ts';

export interface CallRest {
  /** Called when it is the call's turn. Throws `RestError` where it is not to be made any more. */
  check(): void;
  respect(answer: RawResponse): void;
}

export interface CallOptions {
  readonly subgraph: string;
  readonly connector: Connector;
  readonly target: ApiTarget;
  /** What the whole fetch may take; the wait for a place among the calls of the API counts. */
  readonly timeoutMs: number;
  /** What of it is left. */
  readonly leftMs: number;
  readonly signal: CancelSignal | undefined;
  /** What is heard of an API between two calls of one client request. */
  readonly rest?: CallRest | undefined;
  /** Answers for all clients, if the API's may be kept; and headers of the request that are not the same for everyone. */
  readonly cache?: { readonly cached: ApiCache; readonly ofUser: ReadonlySet<string> } | undefined;
}

/** Calls an API. Throws `RestError` when no complete answer that can be read comes in time. */
export async function callApi(request: ApiRequest, options: CallOptions): Promise<ApiResponse> {
  const { subgraph, connector, timeoutMs, leftMs, signal } = options;
  if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
  const abort = new AbortController();
  const timer = new AbortTimer(leftMs, signal, () => abort.abort());
  try {
    const answer = await answerTo(request, options, abort.signal);
    return { status: answer.status, headers: answer.headers, body: bodyOf(answer, options) };
  } catch (error) {
    if (timer.isLate) throw failed(subgraph, connector, timeoutFailure(subgraph, timeoutMs));
    if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
    if (error instanceof Error && 'extensions' in error) throw error;
    throw failed(subgraph, connector, connectionFailure(subgraph, error));
  } finally {
    timer.release();
  }
}

/** From what is kept, where that is allowed, or by a call. */
function answerTo(request: ApiRequest, options: CallOptions, signal: AbortSignal): Promise<RawResponse> {
  const { cache, target } = options;
  const call = (headers: Readonly<Record<string, string>>, until: AbortSignal) => {
    const whole = { ...request, headers: { ...request.headers, ...headers } };
    return target.limiter.run(() => sendOnce(whole, options, until));
  };
  if (cache === undefined) return untilAborted(call({}, signal), signal);
  const asking = { origin: target.origin, request, ofUser: cache.ofUser, signal, call };
  if (ApiCache.takes(request)) return cache.cached.answer(asking);
  if (request.method === 'GET') return untilAborted(call({}, signal), signal);
  return untilAborted(call({}, signal), signal).finally(() => cache.cached.forget(asking));
}

async function sendOnce(request: ApiRequest, options: CallOptions, signal: AbortSignal): Promise<RawResponse> {
  signal.throwIfAborted();
  const { subgraph, connector, target, rest } = options;
  rest?.check();
  const { path, method } = request;
  const { headers, body } = await encoded(request, target.compression);
  const response = await target.send({ path, method, headers, body, signal });
  const { maxResponseBytes } = target.settings;
  const { statusCode: status } = response;
  const bytes = await readResponseBytes(response.body, maxResponseBytes);
  const read =
    bytes === undefined
      ? { reason: tooLarge(maxResponseBytes) }
      : await decoded(bytes, response.headers, maxResponseBytes);
  // a status that says what is wrong says more than a body that cannot be read
  if ('reason' in read && (bytes === undefined || isSuccessStatus(status)))
    throw malformed(subgraph, connector, read.reason, status);
  const answer = 'reason' in read ? { headers: response.headers, text: '' } : read;
  rest?.respect({ status, ...answer });
  return { status, ...answer };
}

function tooLarge(maxBytes: number): string {
  return `it is larger than ${maxBytes} bytes`;
}

/** What goes over the wire; a connector's own headers stay. */
async function encoded(
  { headers, body }: ApiRequest,
  compression: Compression,
): Promise<{ readonly headers: Record<string, string>; readonly body: string | Buffer | undefined }> {
  const sent = { 'accept-encoding': acceptEncoding(compression), ...headers };
  const { request } = compression;
  if (request === undefined || body === undefined || 'content-encoding' in headers) return { headers: sent, body };
  return { headers: { ...sent, 'content-encoding': request }, body: await encodeRequest(body, request) };
}

/** The text, with the headers that are true of it; or why there is none. */
async function decoded(
  bytes: Buffer,
  headers: RawResponse['headers'],
  maxBytes: number,
): Promise<Pick<RawResponse, 'headers' | 'text'> | { readonly reason: string }> {
  try {
    const form = formOfHeaders(headers);
    if (form === undefined) return { headers, text: decodeText(bytes) };
    const body = await decodeForm(bytes, form, maxBytes);
    if (!('bytes' in body)) return { reason: body.reason };
    const { 'content-encoding': _encoding, 'content-length': _length, ...others } = headers;
    return { headers: others, text: decodeText(body.bytes, form.charset) };
  } catch (error) {
    if (error instanceof TextDecodingError) return { reason: error.message };
    throw error;
  }
}

/**
 * A body is JSON whatever its type says, as many APIs do not say it; no body is null. Plain text is a string, unless it is
 * JSON after all. What is no JSON is passed over where the status tells of an error anyway.
 */
function bodyOf({ status, headers, text }: RawResponse, options: CallOptions): unknown {
  if (text.trim() === '') return null;
  const type = String(headers['content-type'] ?? '').toLowerCase();
  const isText = type.startsWith('text/plain');
  if (isText && !/^\s*[[{]/.test(text)) return text;
  try {
    return parseJson(text);
  } catch {
    if (isText || !isSuccessStatus(status)) return isText ? text : null;
    const what = type === '' || type.includes('json') ? 'it is no valid JSON' : `it is ${type.split(';')[0]}, not JSON`;
    throw malformed(options.subgraph, options.connector, what, status);
  }
}
