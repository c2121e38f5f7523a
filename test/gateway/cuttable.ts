import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP proxy before the gateway, whose connections the test can cut. */
export async function cuttable(target: string): Promise<{ readonly url: string; cut(): void }> {
  const { hostname, port, pathname } = new URL(target);
  const open = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          open.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  onTestFinished(() => {
    proxy.close();
    cut();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${pathname}`, cut };
}
