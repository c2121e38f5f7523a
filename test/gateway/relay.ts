import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Relay {
  readonly port: number;
  /** Passes connections on to another port from now on; those that came before wait for that. */
  to(port: number): void;
}

/**
 * A port that stands for one that is not known yet, such as in a `public_url` that the gateway needs before it has a port. It is open all
 * the time: a free port that is only looked up may be taken by others before it is used.
 */
export async function openRelay(): Promise<Relay> {
  let found: (port: number) => void = () => {};
  const target = new Promise<number>((resolve) => {
    found = resolve;
  });
  const sockets = new Set<Socket>();
  const pass = async (client: Socket) => {
    const server = connect(await target, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => void (sockets.delete(from) && to.destroy()));
      from.pipe(to);
    }
  };
  const relay = createServer({ allowHalfOpen: true }, (client) => void pass(client));
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    relay.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (relay.address() as AddressInfo).port, to: found };
}
