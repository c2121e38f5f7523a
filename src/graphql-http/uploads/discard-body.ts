import type { IncomingMessage } from 'node:http';

/** In milliseconds. */
const DISCARD_MS = 10_000;

/**
 * Discards what still arrives of a body: a client that cannot finish sending may not read the response, and the connection can be used
 * again once the body has ended. A client that sends on for longer than ten seconds loses its connection.
 */
export function discardBody(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  req.resume();
  const timer = setTimeout(() => req.socket.destroy(), DISCARD_MS).unref();
  const end = () => clearTimeout(timer);
  req.once('end', end);
  req.once('close', end);
}
