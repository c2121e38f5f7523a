import { expect, test, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';
import { namedSubgraph } from '../cli/running-gateway.ts';
import { startBalancer } from './balancer.ts';
import { PATIENCE } from './gateway-process.ts';
import { startQueryLoad } from './query-load.ts';

const RESTARTS = 20;

/** Starts a replica at a port, 0 for any free one. Resolves when it serves. */
async function startReplica(dir: string, port: number, workers: number) {
  const cli = startCli(dir, ['start', '--port', String(port), '--workers', String(workers)]);
  await vi.waitFor(() => expect(cli.output.stdout, cli.output.stderr).toMatch(/^Headgate listening on /m), PATIENCE);
  const [, actual] = /^Headgate listening on http:\/\/127\.0\.0\.1:(\d+)/m.exec(cli.output.stdout) ?? [];
  return { cli, port: Number(actual) };
}

test.each([1, 2])(
  '20 rolling restarts of two replicas under load, --workers %i: 0 failed requests',
  async (workers) => {
    const { url } = await namedSubgraph('a');
    const fields = 'type Query { hello(n: Int): String }\ntype Mutation { hello(n: Int): String }';
    const dir = await project({
      'schemas/a.graphql': `extend schema @subgraph(url: "${url}")\n${fields}`,
      // the balancer checks every 100 ms, on a machine that may be busy
      'headgate.yaml': 'shutdown: { delay: 2s }\n',
    });
    const replicas = [await startReplica(dir, 0, workers), await startReplica(dir, 0, workers)];
    const balancer = await startBalancer(replicas.map(({ port }) => port));
    const allReady = () => vi.waitFor(() => expect(balancer.ready().size).toBe(2), PATIENCE);
    await allReady();
    const bodies = Array.from({ length: 20 }, (_, n) =>
      JSON.stringify({ query: n % 4 === 0 ? `mutation { hello(n: ${n}) }` : `{ hello(n: ${n}) }` }),
    );
    const load = startQueryLoad(balancer.url, 8, bodies, '200 {"data":{"hello":"a"}}');
    for (let restart = 0; restart < RESTARTS; restart++) {
      const at = restart % replicas.length;
      const { cli, port } = replicas[at] as (typeof replicas)[number];
      const before = load.answered();
      await vi.waitFor(() => expect(load.answered()).toBeGreaterThan(before + 100), PATIENCE);
      cli.kill('SIGTERM');
      expect((await cli.ended).code).toBe(0);
      replicas[at] = await startReplica(dir, port, workers);
      await allReady();
    }
    await load.stop();
    console.log(`${load.answered()} requests, ${load.failures.length} failed`);
    expect(load.failures).toEqual([]);
    expect(load.answered()).toBeGreaterThan(RESTARTS * 100);
  },
);
