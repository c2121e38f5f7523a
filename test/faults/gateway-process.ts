import { expect, vi } from 'vitest';
import { childrenOf } from '../cli/child-processes.ts';
import { project, startCli } from '../cli/run-cli.ts';

/** Milliseconds in which a busy machine starts a few processes. */
export const PATIENCE = { timeout: 120_000, interval: 50 };

const SCHEMA = 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { hello: String }';

/** Starts `headgate start` with a schema whose subgraph cannot be reached; resolves when it listens. */
export async function startGateway(workers: number, config = '') {
  const dir = await project({ 'schemas/hello.graphql': SCHEMA, 'headgate.yaml': config });
  const cli = startCli(dir, ['start', '--port', '0', '--workers', String(workers)]);
  await vi.waitFor(() => expect(cli.output.stdout).toMatch(/^Headgate listening on /m), PATIENCE);
  const [, port] = /^Headgate listening on http:\/\/127\.0\.0\.1:(\d+)/m.exec(cli.output.stdout) ?? [];
  const [, metricsUrl = ''] = /^Headgate metrics at (\S+)$/m.exec(cli.output.stdout) ?? [];
  return { cli, port: Number(port), metricsUrl, workers: () => childrenOf(cli.pid) };
}
