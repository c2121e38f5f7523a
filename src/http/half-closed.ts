import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** In milliseconds. The time between two attempts doubles, since a client that has gone is noticed at the second one. */
const FIRST_PROBE = 20;
const LONGEST_WAIT = 1_000;

/**
 * Answers clients that close their direction of the connection after their request, as TCP allows. Node alone takes this for the end
 * of the client.
 *
 * A client that has closed its whole connection looks the same (a FIN), until something is sent to it. So while the response
 * is not ready, an interim response (102, RFC 9110 section 15.2) is sent from time to time: a client that waits ignores it. If the
 * client has gone, its machine answers with a reset, the next attempt to send fails, and the request is cancelled.
 */
export function answerHalfClosed(server: Server): void {
  // not documented, but part of node:http since its first versions
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  const watch = (socket: Socket) => void socket.once('end', () => probeClient(socket));
  server.on('connection', watch);
  server.on('secureConnection', watch);
}

/** Node keeps the response in progress on the socket. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

function probeClient(socket: HttpSocket): void {
  const response = socket._httpMessage;
  if (!response || response.writableEnded) return;
  if (response.headersSent) {
    // a stream may be silent for long, and nothing can be sent between its parts
    socket.destroy();
    return;
  }
  let wait = FIRST_PROBE;
  let timer: NodeJS.Timeout | undefined;
  const probe = () => {
    const current = socket._httpMessage;
    if (!current || current.headersSent) return;
    // clients of HTTP/1.0 do not know interim responses
    if (current.req.httpVersion === '1.1') current.writeProcessing();
    wait = Math.min(2 * wait, LONGEST_WAIT);
    timer = setTimeout(probe, wait).unref();
  };
  timer = setTimeout(probe, wait).unref();
  socket.once('close', () => clearTimeout(timer));
}
