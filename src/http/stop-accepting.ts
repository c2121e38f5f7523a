import { type AddressInfo, connect, Server as NetServer, type Socket } from 'node:net';

/** The length of the accept queue that Node asks for by default. */
const BACKLOG = 511;
/** After this time the port closes, even if connections still arrive in every turn of the event loop. */
const LONGEST_MS = 2_000;

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
 * not answered; the client repeats it, and is then refused. If a client's connection is in the queue already, ours does not get in:
 * the client's is accepted in the next turn of the event loop, and all is tried again.
 *
 * It also works where several processes accept from one socket: the last of them to close it leaves its own connection in the queue.
 * @param quietMs first waits until no connection has arrived for so long, for handshakes that are on their way
 */
export async function stopAccepting(server: NetServer, quietMs: number): Promise<void> {
  const until = performance.now() + LONGEST_MS;
  if (quietMs > 0) await quiet(server, quietMs, until);
  for (;;) {
    if (await closeIfQueueIsEmpty(server)) return;
    if (performance.now() >= until) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  closePort(server);
}

/** Resolves when no connection has arrived for `quietMs`, or at the time `until`. */
function quiet(server: NetServer, quietMs: number, until: number): Promise<void> {
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

/** Returns whether the port was closed. */
function closeIfQueueIsEmpty(server: NetServer): Promise<boolean> {
  const address = server.address();
  const handle = (server as WithHandle)._handle;
  if (address === null || typeof address === 'string' || handle?.listen === undefined) {
    closePort(server);
    return Promise.resolve(true);
  }
  const own = connect({ port: address.port, host: loopbackOf(address) }).unref();
  own.on('error', () => {});
  handle.listen(0);
  return new Promise((resolve) => {
    // `connect` calls the kernel in a tick before this one. No event is handled between the two, so nothing gets into the queue after the check
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
function closePort(server: NetServer): void {
  NetServer.prototype.close.call(server);
}

function loopbackOf({ address }: AddressInfo): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
