import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, vi } from 'vitest';
import { TOKEN } from '../gateway/admin-client.ts';
import { childrenOf } from './child-processes.ts';
import { project, startCli } from './run-cli.ts';

/** Time in which a busy machine starts a few processes. */
export const PATIENCE = { timeout: 120_000, interval: 50 };

/** A subgraph that answers `hello` with its name, and counts its requests. After `fail`, it answers with errors. */
export async function namedSubgraph(name: string) {
  let requests = 0;
  let isBroken = false;
  const fail = () => {
    isBroken = true;
  };
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    requests++;
    response.setHeader('content-type', 'application/json');
    const errors = [{ message: 'broken', extensions: { code: 'BROKEN' } }];
    response.end(JSON.stringify(isBroken ? { data: { hello: null }, errors } : { data: { hello: name } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    requests: () => requests,
    fail,
  };
}

export interface RunningGateway {
  readonly dir: string;
  readonly pid: number;
  readonly url: string;
  readonly adminUrl: string;
  readonly kill: (signal: NodeJS.Signals) => boolean;
  readonly ended: Promise<{ readonly code: number | null }>;
  /** What it has printed. */
  log(): string;
  /** The process ids of its workers. */
  workers(): number[];
  /** Sends a query over a connection of its own, so that any worker may answer. `client`: the address of the client. */
  ask(query: string, client?: string): Promise<unknown>;
}

/** Starts `headgate start` with these files, and an admin API at a free port. */
export async function startGateway(
  workers: number,
  files: Readonly<Record<string, string>>,
  config = '',
): Promise<RunningGateway> {
  const admin = `admin: { listen: "127.0.0.1:0", token: ${TOKEN} }\n`;
  const dir = await project({ ...files, 'headgate.yaml': admin + config });
  const cli = startCli(dir, ['start', '--port', '0', '--workers', String(workers)]);
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(/^Headgate admin API at /m), PATIENCE);
  const read = (pattern: RegExp) => pattern.exec(cli.output.stdout)?.[1] ?? '';
  const url = read(/^Headgate listening on (\S+)$/m);
  return {
    ...{ dir, pid: cli.pid, url, kill: cli.kill, ended: cli.ended },
    adminUrl: read(/^Headgate admin API at (\S+)$/m),
    log: () => cli.output.stdout,
    workers: () => childrenOf(cli.pid),
    async ask(query, client) {
      const forwarded: Record<string, string> = client === undefined ? {} : { 'x-forwarded-for': client };
      const headers = { 'content-type': 'application/json', connection: 'close', ...forwarded };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return response.json();
    },
  };
}
