import type { Duplex } from 'node:stream';
import type { GatewayError } from '../shared/gateway-error.ts';
import { errorResponse } from './response.ts';

/** In milliseconds. */
const DISCARD_MS = 1_000;

/**
 * Sends an error on a connection that Node has handed over, and closes it, also where the client does not close its direction: such a
 * connection is no part of the server any more, and would keep it from stopping.
 *
 * What still arrives is discarded for a second. A socket that is closed with bytes unread is reset, and a client that is still sending
 * would not get to read the response.
 *
 * @param reason the text after the status: `Bad Request`
 */
export function endWithError(socket: Duplex, error: GatewayError, reason: string): void {
  const { status, headers, body } = errorResponse(error);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  const timer = setTimeout(() => socket.destroy(), DISCARD_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\n${lines.join('')}\r\n${String(body)}`);
}
