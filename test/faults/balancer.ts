import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface Balancer {
  readonly url: string;
  /** The ports of the replicas that its last health checks found ready. */
  ready(): ReadonlySet<number>;
}

const CHECK_MS = 100;

/**
 * Starts a small load balancer, as any other one works: it checks `/ready` of each replica, sends requests to those that are ready, in turn,
 * keeps connections, and sends a request to another replica only if its connection was refused. Ended when the test is over.
 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  const ready = new Set<number>();
  let isOver = false;
  const check = async (port: number) => {
    while (!isOver) {
      const isReady = await fetch(`http://127.0.0.1:${port}/ready`, { headers: { connection: 'close' } }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status === 200;
        },
        () => false,
      );
      if (isReady) ready.add(port);
      else ready.delete(port);
      await sleep(CHECK_MS);
    }
  };
  for (const port of ports) void check(port);
  let turn = 0;
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const all = [...ready];
    const order = all.map((_, at) => all[(turn + at) % all.length] ?? 0);
    turn++;
    forward(req, Buffer.concat(chunks), res, order, agent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    isOver = true;
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, ready: () => ready };
}

function forward(
  req: IncomingMessage,
  body: Buffer,
  res: ServerResponse,
  order: readonly number[],
  agent: Agent,
): void {
  const [port, ...others] = order;
  if (port === undefined) {
    res.writeHead(503).end('no replica');
    return;
  }
  const { method = 'GET', url: path, headers } = req;
  const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
    res.writeHead(response.statusCode ?? 502, { 'content-type': 'application/json' });
    response.on('error', () => res.destroy());
    response.pipe(res);
  });
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') forward(req, body, res, others, agent);
    else res.writeHead(502).end(`502 from the balancer: ${error.message}`);
  });
  sent.end(body);
}
