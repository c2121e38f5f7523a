import { expect, test } from 'vitest';
import type { UsageReport } from '../../src/usage/usage-report.ts';
import { admin } from '../gateway/admin-client.ts';
import { namedSubgraph, startGateway } from './running-gateway.ts';

const schema = 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { hello(n: Int): String }';

test('the counts of several workers add up in the primary, also those of a worker that has ended', async () => {
  const stock = await namedSubgraph('a');
  const config = `subgraphs: { stock: { url: "${stock.url}" } }\nusage: { enabled: true }\n`;
  const { adminUrl, ask, workers } = await startGateway(3, { 'schemas/stock.graphql': schema }, config);
  const count = async () => {
    const { operations } = (await admin(adminUrl, '/usage')).body as UsageReport;
    return operations.map(({ name, uses }) => [name, uses.reduce((sum, use) => sum + use.count, 0)]);
  };
  await Promise.all(Array.from({ length: 30 }, (_, n) => ask(`query Hello { hello(n: ${n}) }`)));
  expect(await count()).toEqual([['Hello', 30]]);

  const [first = 0] = workers();
  process.kill(first, 'SIGKILL');
  await expect.poll(workers).not.toContain(first);
  await ask('query Hello { hello(n: 0) }');
  expect(await count()).toEqual([['Hello', 31]]);
});
