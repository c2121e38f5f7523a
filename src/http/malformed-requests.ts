import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../shared/gateway-error.ts';
import { errorResponse } from './response.ts';

/** Responses by Node's error code of a request that it cannot parse. */
const RESPONSES: ReadonlyMap<string, readonly [status: number, reason: string, code: string, message: string]> =
  new Map([
    [
      'HPE_HEADER_OVERFLOW',
      [
        431,
        'Request Header Fields Too Large',
        'BAD_REQUEST',
        'The head of the request is too large. Send less in its URL and headers.',
      ],
    ],
    [
      'ERR_HTTP_REQUEST_TIMEOUT',
      [408, 'Request Timeout', 'REQUEST_TIMEOUT', 'The request did not arrive in time. Send it again.'],
    ],
  ]);

const MALFORMED = [400, 'Bad Request', 'BAD_REQUEST', 'This is not a valid HTTP request.'] as const;

/** Responds to malformed or slow requests with an error in JSON. Node alone sends a status without a body. */
export function respondToMalformedRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // once a response has begun, more bytes would be read as a part of it
    if (!socket.writable || error.code === 'ECONNRESET' || hasBegunResponse(socket)) return socket.destroy();
    const [status, reason, code, message] = RESPONSES.get(error.code ?? '') ?? MALFORMED;
    const { headers, body } = errorResponse(new GatewayError(status, code, message));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    discardRest(socket);
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\n${lines.join('')}\r\n${String(body)}`);
  });
}

/** Node stores the response in progress on the socket, and checks it itself when `clientError` has no listener. */
function hasBegunResponse(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent === true;
}

/** In milliseconds. */
const DISCARD_MS = 1_000;

/** A socket that is closed with bytes unread is reset, and a client that is still sending would not get to read the response. */
function discardRest(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  setTimeout(() => socket.destroy(), DISCARD_MS).unref();
}
