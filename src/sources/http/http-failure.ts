import { RETRY_AFTER } from '../../shared/overloaded-error.ts';
import type { SourceFailure } from '../source.ts';

/** Reasons that clients may see, by error code of the network: no addresses, no ports, no stack. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection closed before the response was complete',
  ENOENT: 'socket not found',
  EACCES: 'no permission to open the socket',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host name look-up failed',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  HTTP2_UNSUPPORTED: 'the server has no HTTP/2',
  HTTP2_NOT_PROCESSED: 'the server has refused the request before it was processed',
  HTTP2_STREAM_RESET: 'the server has reset the HTTP/2 stream',
  UND_ERR_CLOSED: 'source is shut down',
  UND_ERR_DESTROYED: 'source is shut down',
  CERT_HAS_EXPIRED: 'certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is for another host',
};

/** Returns what happened to a connection in the words of the log and of errors; `undefined` for an unknown code. */
export function connectionReason(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}

/** Returns the failure of a connection. `error` comes from undici or the socket. */
export function connectionFailure(name: string, error: unknown): SourceFailure {
  const code = errorCode(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    const noConnection = failure('SUBREQUEST_TIMEOUT', name, 'no connection in time');
    return {
      ...noConnection,
      isConnectionFailure: true,
      ...(code === 'UND_ERR_CONNECT_TIMEOUT' && { isUnsent: true }),
    };
  }
  if (code === 'QUEUE_FULL') return failure('SUBREQUEST_QUEUE_FULL', name, 'too many requests wait for a connection');
  const problem = protocolProblem(error);
  if (problem !== undefined) return bodyFailure(name, problem);
  const failed = failure('SUBREQUEST_HTTP_ERROR', name, REASONS[code] ?? 'connection failed');
  if (NO_CONNECTION.has(code)) return { ...failed, isConnectionFailure: true, isUnsent: true };
  return isConnectionLoss(error) || code === 'HTTP2_STREAM_RESET' ? { ...failed, isConnectionFailure: true } : failed;
}

/** Errors of a connection that could not be opened, or of a request that the server has not processed. */
const NO_CONNECTION: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EACCES',
  'HTTP2_UNSUPPORTED',
  'HTTP2_NOT_PROCESSED',
]);

export function timeoutFailure(name: string, timeoutMs: number): SourceFailure {
  return failure('SUBREQUEST_TIMEOUT', name, `no complete response within ${timeoutMs} ms`);
}

/** @param retryAfter seconds, where the response has `Retry-After` */
export function statusFailure(name: string, status: number, retryAfter?: number): SourceFailure {
  const noResult = failure('SUBREQUEST_HTTP_ERROR', name, `HTTP status ${status} without a GraphQL result`);
  return { ...noResult, status, ...(retryAfter !== undefined && { retryAfter }) };
}

export function sizeFailure(name: string, maxBytes: number, status: number): SourceFailure {
  return { ...failure('SUBREQUEST_HTTP_ERROR', name, `response larger than ${maxBytes} bytes`), status };
}

/** Returns the failure of a response that is not read any further, because the gateway has no memory for it. */
export function memoryFailure(name: string): SourceFailure {
  const message = `The response of subgraph "${name}" exceeds the memory that the gateway has left.`;
  return { code: 'OVERLOADED', message, reason: 'no memory for the response', retryAfter: RETRY_AFTER };
}

/** Returns the failure of a response that cannot be decoded. `status` is missing where not even the status line can be read. */
export function bodyFailure(name: string, reason: string, status?: number): SourceFailure {
  const message = `The response of subgraph "${name}" cannot be read: ${reason}.`;
  return { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, ...(status !== undefined && { status }) };
}

/** Returns the failure of a call whose body cannot be signed, because it is sent while it arrives. */
export function unsignedFailure(name: string): SourceFailure {
  return failure(
    'SUBREQUEST_HTTP_ERROR',
    name,
    'its signature covers "content-digest", and the body of an upload is not there as a whole; remove it from ' +
      'http_message_signature.components in authentication.subgraph',
  );
}

/** The reason of a call whose result nobody needs any more. */
export const ABORTED = 'request aborted';

/** Returns the failure of a call that was cancelled: the client disconnected, or the client request timed out. */
export function abortFailure(name: string): SourceFailure {
  return failure('SUBREQUEST_HTTP_ERROR', name, ABORTED);
}

/**
 * Returns whether the connection was lost during the call. Before any byte of a response, the cause is usually a kept-alive
 * connection that the server closed at the moment of use (RFC 9112, section 9.3.1).
 */
export function isConnectionLoss(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function failure(code: SourceFailure['code'], name: string, reason: string): SourceFailure {
  return { code, message: `Subgraph "${name}" did not answer: ${reason}.`, reason };
}

/** Reasons for a response that violates HTTP/1.1, by error code of undici. */
const PROTOCOL_REASONS: Readonly<Record<string, string>> = {
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its Content-Length is wrong',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too large',
};

/**
 * Returns how a response violates HTTP/1.1; `undefined` for every other error. An error of undici's parser is recognised by its
 * name: undici 7 looks up its code in the wrong direction, so the code is missing.
 */
function protocolProblem(error: unknown): string | undefined {
  for (const { name, code, message } of causes(error)) {
    const reason = PROTOCOL_REASONS[String(code)];
    if (reason !== undefined) return reason;
    if (name !== 'HTTPParserError' && !String(code).startsWith('HPE_')) continue;
    const [, detail] = /\(([^()]{1,100})\)$/.exec(String(message)) ?? [];
    return detail === undefined ? 'it is not HTTP' : `it is not HTTP (${detail})`;
  }
  return undefined;
}

interface ErrorLike {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** Returns an error and its causes. */
function causes(error: unknown): readonly ErrorLike[] {
  const chain: ErrorLike[] = [];
  let at = error;
  while (typeof at === 'object' && at !== null && chain.length < MAX_CAUSES) {
    chain.push(at as ErrorLike);
    at = (at as ErrorLike).cause;
  }
  return chain;
}

const MAX_CAUSES = 10;

/** Returns the first error code in the chain: undici wraps socket errors, and Node wraps several attempts in an `AggregateError`. */
function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  if (Array.isArray(errors) && errors.length > 0) return errorCode(errors[0]);
  return errorCode(cause);
}
