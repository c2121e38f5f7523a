import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Deadline } from '../shared/deadline.ts';
import { GatewayError } from '../shared/gateway-error.ts';
import { hasLongRequest } from './long-requests.ts';
import { endWithError } from './raw-response.ts';

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

/** Bytes that are no HTTP request, and the response to them. */
export interface MalformedRequest {
  readonly status: number;
  readonly code: string;
  /** The address of the connection's peer. */
  readonly ip: string | undefined;
}

/** Responds to malformed or slow requests with an error in JSON. Node alone sends a status without a body. */
export function respondToMalformedRequests(server: Server, onMalformed?: (request: MalformedRequest) => void): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') ifStillIncomplete(socket, () => respond(error, socket));
    else respond(error, socket);
  });

  function respond(error: NodeJS.ErrnoException, socket: ResponseSocket): void {
    // once a response has begun, more bytes would be read as a part of it
    if (!socket.writable || error.code === 'ECONNRESET' || hasBegunResponse(socket)) {
      socket.destroy();
      return;
    }
    const [status, reason, code, message] = RESPONSES.get(error.code ?? '') ?? MALFORMED;
    onMalformed?.({ status, code, ip: socket.remoteAddress });
    endWithError(socket, new GatewayError(status, code, message), reason);
  }
}

/** A socket on which Node stores the response in progress, if the head of a request is complete. */
type ResponseSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

function hasBegunResponse({ _httpMessage: response }: ResponseSocket): boolean {
  return response?.headersSent === true;
}

/** In milliseconds. */
const SECOND_LOOK_MS = 100;

/**
 * Calls `respond` if a request is still incomplete once everything that had arrived is read: after a stall of this process, Node
 * finds requests late before it reads them.
 */
function ifStillIncomplete(socket: ResponseSocket, respond: () => void): void {
  const { bytesWritten } = socket;
  const expire = () => {
    const { _httpMessage: response } = socket;
    const isComplete = response ? response.req.complete : socket.bytesWritten > bytesWritten;
    if (!isComplete && !hasLongRequest(socket)) respond();
  };
  new Deadline(SECOND_LOOK_MS, { expire }).unref();
}
