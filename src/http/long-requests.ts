import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const SOCKETS = new WeakSet<Socket>();

/**
 * Lets the body of a request take longer than a whole request may take otherwise. Whatever reads it has limits of its own. Returns what
 * ends that.
 */
export function allowLongRequest({ socket }: IncomingMessage): () => void {
  SOCKETS.add(socket);
  return () => void SOCKETS.delete(socket);
}

/** Returns whether the request on a connection may take long. */
export function hasLongRequest(socket: Socket): boolean {
  return SOCKETS.has(socket);
}
