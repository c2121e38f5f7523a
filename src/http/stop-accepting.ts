import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect, Server as NetServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The length of the accept queue that Node asks for by default. */
const BACKLOG = 511;
/** A pause between connections in which handshakes that were on their way arrive, in milliseconds. */
const QUIET_MS = 50;
/** The pause when requests are parked. Clients that wait for a response do not connect, so it comes soon. */
const PARKED_QUIET_MS = 10;
/** The longest wait for a pause, and for an empty queue if none came. */
const LONGEST_MS = 500;

/** The parts of Node's handle that no public function reaches: they are stable from Node 20 to 26. */
interface Handle {
  listen?(backlog: number): number;
  getpeername?(out: object): number;
}

type WithHandle = { readonly _handle?: Handle | null };

/**
 * Closes the listening socket of a server without resetting a connection: the kernel resets those that wait in the accept queue
 * when the socket closes, and a client may connect at any moment. So the queue has to be empty and must stay so until then.
 *
 * With a backlog of 0, the kernel admits one connection to an empty queue. This connection is our own, so a client's handshake is
 * not answered; the client repeats it, and is then refused. If a client's connection is in the queue already, ours is not admitted:
 * the client's is accepted in the next turn of the event loop, and the next attempt follows. Meanwhile, requests are parked: a client
 * that gets no response does not connect again, and accepting alone is fast.
 *
 * The backlog is 0 only between two calls of the kernel, after a pause between connections. A client whose handshake is half done at
 * that moment would be reset.
 *
 * It also works where several processes accept from one socket: the last of them to close it leaves its own connection in the queue.
 * @param waits whether to wait for a pause between connections first; without it, the port closes at once if the queue is empty
 */
export async function stopAccepting(server: Server, waits: boolean): Promise<void> {
  if (waits) await quiet(server, QUIET_MS);
  else if (await closeIfEmpty(server)) return;
  const answerParked = parkRequests(server);
  await quiet(server, PARKED_QUIET_MS);
  const until = performance.now() + LONGEST_MS;
  while (!(await closeIfEmpty(server))) {
    if (performance.now() >= until) closePort(server);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  // other processes that accept from the socket are about to close it, too: their clients must not connect again just then
  await sleep(2 * PARKED_QUIET_MS);
  answerParked();
}

/** Keeps requests from the handlers of the server until the returned function is called. */
function parkRequests(server: Server): () => void {
  const parked: [IncomingMessage, ServerResponse][] = [];
  const handlers = server.listeners('request');
  const park = (req: IncomingMessage, res: ServerResponse) => void parked.push([req, res]);
  server.removeAllListeners('request').on('request', park);
  return () => {
    server.off('request', park);
    for (const handler of handlers) server.on('request', handler as typeof park);
    for (const [req, res] of parked) if (!req.socket.destroyed) server.emit('request', req, res);
  };
}

/** Resolves when no connection has arrived for `quietMs`, or after `LONGEST_MS`. */
function quiet(server: Server, quietMs: number): Promise<void> {
  const until = performance.now() + LONGEST_MS;
  return new Promise((resolve) => {
    const end = () => {
      server.off('connection', restart);
      resolve();
    };
    let timer = setTimeout(end, quietMs);
    const restart = () => {
      clearTimeout(timer);
      timer = setTimeout(end, Math.max(0, Math.min(quietMs, until - performance.now())));
    };
    server.on('connection', restart);
  });
}

/** Closes the port if the accept queue is empty. Returns whether the port is closed. */
function closeIfEmpty(server: Server): Promise<boolean> {
  const address = server.address();
  const handle = (server as WithHandle)._handle;
  if (address === null) return Promise.resolve(true);
  if (typeof address === 'string' || handle?.listen === undefined) {
    closePort(server);
    return Promise.resolve(true);
  }
  handle.listen(0);
  // calls the kernel in the next tick, and the check comes in the one after that
  const own = connect({ port: address.port, host: loopbackOf(address) }).unref();
  own.on('error', () => {});
  return new Promise((resolve) => {
    process.nextTick(() => {
      const isInQueue = isConnected(own);
      if (isInQueue) closePort(server);
      else {
        handle.listen?.(BACKLOG);
        own.destroy();
      }
      resolve(isInQueue);
    });
  });
}

/** Returns whether the kernel has completed the handshake, which Node reports only in its next turn. */
function isConnected(socket: Socket): boolean {
  const handle = (socket as unknown as WithHandle)._handle;
  // without the function there is nothing to check
  return handle?.getpeername === undefined || handle.getpeername({}) === 0;
}

/** `close` of `node:http` would also close idle connections at once. */
function closePort(server: Server): void {
  NetServer.prototype.close.call(server);
}

function loopbackOf({ address }: AddressInfo): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
