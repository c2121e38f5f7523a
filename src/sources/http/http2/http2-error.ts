/**
 * A failure of HTTP/2.
 * - `HTTP2_UNSUPPORTED`: the server does not speak it.
 * - `HTTP2_NOT_PROCESSED`: the server states that it has not processed the request (RFC 9113, section 8.7), so that even a mutation
 *   can be sent again.
 * - `HTTP2_STREAM_RESET`: the server has ended one request; the connection goes on.
 */
export class Http2Error extends Error {
  readonly code: 'HTTP2_UNSUPPORTED' | 'HTTP2_NOT_PROCESSED' | 'HTTP2_STREAM_RESET';

  constructor(code: Http2Error['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Http2Error';
    this.code = code;
  }
}

/** The loss of a connection, with the code that undici has for it. */
export class ConnectionLostError extends Error {
  readonly code = 'UND_ERR_SOCKET';

  constructor(cause?: unknown) {
    super('The connection was closed.', { cause });
    this.name = 'ConnectionLostError';
  }
}
