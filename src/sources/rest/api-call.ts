import type { Connector } from '../../connectors/connector.ts';
import type { HeldBytes } from '../../shared/byte-budget.ts';
import { AbortTimer, untilAborted } from '../../shared/deadline.ts';
import { decodeText, TextDecodingError } from '../../shared/decode-text.ts';
import { parseJson } from '../../shared/exact-json.ts';
import { OverloadedError } from '../../shared/overloaded-error.ts';
import { readResponseBytes } from '../../shared/read-bytes.ts';
import { acceptEncoding, type Compression, decodeContent, encodeRequest, encodingInHeaders } from '../body-encoding.ts';
import { abortFailure, connectionFailure, memoryFailure, timeoutFailure } from '../http/http-failure.ts';
import type { CancelSignal } from '../source.ts';
import type { ApiRequest } from './api-request.ts';
import { type ApiResponse, isSuccessStatus, type RawResponse } from './api-response.ts';
import type { ApiTarget } from './api-target.ts';
import { ApiCache } from './cache/api-cache.ts';
import { failed, malformed } from './rest-failure.ts';

/** Stops further calls of an API that has sent `Retry-After`. */
export interface RetryAfterGuard {
  /** Called right before the call is made. Throws `RestError` when the API has sent `Retry-After` in the meantime. */
  check(): void;
  /** Records the `Retry-After` of a response, if it has one. */
  respect(response: RawResponse): void;
}

export interface CallOptions {
  readonly subgraph: string;
  readonly connector: Connector;
  readonly target: ApiTarget;
  /** Timeout of the whole fetch. It includes the time that a call waits for the limit of concurrent calls. */
  readonly timeoutMs: number;
  /** The rest of `timeoutMs`. */
  readonly leftMs: number;
  readonly signal: CancelSignal | undefined;
  /** Shared by all calls of the API for one client request. */
  readonly retryAfter?: RetryAfterGuard | undefined;
  /** The cache, if responses of this API may be cached, and the request headers that differ between users. */
  readonly cache?: { readonly cached: ApiCache; readonly userHeaders: ReadonlySet<string> } | undefined;
}

/** Calls an API. Throws `RestError` when no complete, readable response arrives in time. */
export async function callApi(request: ApiRequest, options: CallOptions): Promise<ApiResponse> {
  const { subgraph, connector, timeoutMs, leftMs, signal } = options;
  if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
  const abort = new AbortController();
  const timer = new AbortTimer(leftMs, signal, () => abort.abort());
  try {
    const response = await fetchResponse(request, options, abort.signal);
    return { status: response.status, headers: response.headers, body: bodyOf(response, options) };
  } catch (error) {
    if (timer.isLate) throw failed(subgraph, connector, timeoutFailure(subgraph, timeoutMs));
    if (signal?.aborted) throw failed(subgraph, connector, abortFailure(subgraph));
    if (error instanceof OverloadedError) throw failed(subgraph, connector, memoryFailure(subgraph));
    if (error instanceof Error && 'extensions' in error) throw error;
    throw failed(subgraph, connector, connectionFailure(subgraph, error));
  } finally {
    timer.release();
  }
}

/** Returns a cached response where that is allowed; calls the API otherwise. */
function fetchResponse(request: ApiRequest, options: CallOptions, signal: AbortSignal): Promise<RawResponse> {
  const { cache, target } = options;
  const call = (headers: Readonly<Record<string, string>>, until: AbortSignal) => {
    const whole = { ...request, headers: { ...request.headers, ...headers } };
    return target.limiter.run(() => sendOnce(whole, options, until));
  };
  if (cache === undefined) return untilAborted(call({}, signal), signal);
  const lookup = { origin: target.origin, request, userHeaders: cache.userHeaders, signal, call };
  if (ApiCache.isCacheable(request)) return cache.cached.fetch(lookup);
  if (request.method === 'GET') return untilAborted(call({}, signal), signal);
  return untilAborted(call({}, signal), signal).finally(() => cache.cached.invalidate(lookup));
}

async function sendOnce(request: ApiRequest, options: CallOptions, signal: AbortSignal): Promise<RawResponse> {
  signal.throwIfAborted();
  const { subgraph, connector, target, retryAfter } = options;
  retryAfter?.check();
  const { path, method } = request;
  const { headers, body } = await encoded(request, target.compression);
  const raw = await target.send({ path, method, headers, body, signal });
  const { statusCode: status } = raw;
  // what a call has changed is reported in any case
  const held = target.byteBudget?.open(method === 'GET' || method === 'HEAD');
  const read = await readBody(raw, target.settings.maxResponseBytes, held).finally(() => held?.release());
  // an error status explains more than a body that cannot be read
  if ('reason' in read && (read.isTooLarge || isSuccessStatus(status)))
    throw malformed(subgraph, connector, read.reason, status);
  const response = 'reason' in read ? { headers: raw.headers, text: '' } : read;
  retryAfter?.respect({ status, ...response });
  return { status, ...response };
}

type ReadResponse = Pick<RawResponse, 'headers' | 'text'> | { readonly reason: string; readonly isTooLarge?: boolean };

async function readBody(
  { body, headers }: Awaited<ReturnType<ApiTarget['send']>>,
  maxBytes: number,
  held: HeldBytes | undefined,
): Promise<ReadResponse> {
  const bytes = await readResponseBytes(body, maxBytes, held);
  if (bytes === undefined) return { reason: `it is larger than ${maxBytes} bytes`, isTooLarge: true };
  return decoded(bytes, headers, maxBytes, held);
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

/** Returns the decoded text, with the headers that still apply to it; or the reason why the body cannot be decoded. */
async function decoded(
  bytes: Buffer,
  headers: RawResponse['headers'],
  maxBytes: number,
  held: HeldBytes | undefined,
): Promise<ReadResponse> {
  try {
    const encoding = encodingInHeaders(headers);
    if (encoding === undefined) return { headers, text: decodeText(bytes) };
    const body = await decodeContent(bytes, encoding, maxBytes, held);
    if ('isOverloaded' in body) throw new OverloadedError('further large responses');
    if (!('bytes' in body)) return { reason: body.reason };
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
  if (text.trim() === '') return null;
  const type = String(headers['content-type'] ?? '').toLowerCase();
  const isText = type.startsWith('text/plain');
  if (isText && !/^\s*[[{]/.test(text)) return text;
  try {
    return parseJson(text);
  } catch {
    if (isText || !isSuccessStatus(status)) return isText ? text : null;
    const what =
      type === '' || type.includes('json') ? 'it is not valid JSON' : `it is ${type.split(';')[0]}, not JSON`;
    throw malformed(options.subgraph, options.connector, what, status);
  }
}
