import type { SourceFailure } from '../source.ts';

/** Reasons that clients may see, by error code of the network: no addresses, no ports, no stack. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  UND_ERR_SOCKET: 'connection closed before the response was complete',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host name look-up failed',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  UND_ERR_CLOSED: 'source is shut down',
  UND_ERR_DESTROYED: 'source is shut down',
  HPE_INVALID_CONSTANT: 'response is not HTTP',
  CERT_HAS_EXPIRED: 'certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is for another host',
};

/** Returns the failure of a connection. `error` comes from undici or the socket. */
export function connectionFailure(name: string, error: unknown): SourceFailure {
  const code = errorCode(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return failure('SUBREQUEST_TIMEOUT', name, 'no connection in time');
  }
  if (code === 'QUEUE_FULL') return failure('SUBREQUEST_QUEUE_FULL', name, 'too many requests wait for a connection');
  return failure(
    'SUBREQUEST_HTTP_ERROR',
    name,
    REASONS[code] ?? (code.startsWith('HPE_') ? 'response is not HTTP' : 'connection failed'),
  );
}

export function timeoutFailure(name: string, timeoutMs: number): SourceFailure {
  return failure('SUBREQUEST_TIMEOUT', name, `no complete response within ${timeoutMs} ms`);
}

export function statusFailure(name: string, status: number): SourceFailure {
  return { ...failure('SUBREQUEST_HTTP_ERROR', name, `HTTP status ${status} without a GraphQL result`), status };
}

export function sizeFailure(name: string, maxBytes: number, status: number): SourceFailure {
  return { ...failure('SUBREQUEST_HTTP_ERROR', name, `response larger than ${maxBytes} bytes`), status };
}

/** Returns the failure of a complete response whose body cannot be decoded. */
export function bodyFailure(name: string, reason: string, status: number): SourceFailure {
  const message = `The response of subgraph "${name}" cannot be read: ${reason}.`;
  return { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, status };
}

/** Returns the failure of a call that was cancelled: the client disconnected, or the client request timed out. */
export function abortFailure(name: string): SourceFailure {
  return failure('SUBREQUEST_HTTP_ERROR', name, 'request aborted');
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

/** Returns the first error code in the chain: undici wraps socket errors, and Node wraps several attempts in an `AggregateError`. */
function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  if (Array.isArray(errors) && errors.length > 0) return errorCode(errors[0]);
  return errorCode(cause);
}
