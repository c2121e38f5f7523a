import type { Server } from 'node:http';
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
export function answerMalformedRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // after a response has begun, the client would read more bytes as a part of it
    if (!socket.writable || error.code === 'ECONNRESET' || socket.bytesWritten > 0) return socket.destroy();
    const [status, reason, code, message] = RESPONSES.get(error.code ?? '') ?? MALFORMED;
    const { headers, body } = errorResponse(new GatewayError(status, code, message));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\n${lines.join('')}\r\n${String(body)}`);
  });
}
