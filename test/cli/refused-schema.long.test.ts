import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { namedSubgraph, PATIENCE, startGateway } from './running-gateway.ts';

test('a worker that is replaced serves the schema of the others, where they cannot serve the last one', async () => {
  const { url } = await namedSubgraph('first');
  const schema = `extend schema @subgraph(url: "${url}")\ntype Query { hello: String }`;
  const config = 'traffic_shaping: { subgraphs: { shop: { timeout: 5s } } }\n';
  const gateway = await startGateway(2, { 'schemas/shop.graphql': schema }, config);
  // the config has settings of a subgraph that is no longer there
  await rename(join(gateway.dir, 'schemas/shop.graphql'), join(gateway.dir, 'schemas/other.graphql'));
  const refusals = () => gateway.log().match(/UNKNOWN_SUBGRAPH/g)?.length ?? 0;
  await vi.waitFor(() => expect(refusals()).toBeGreaterThanOrEqual(2), PATIENCE);
  const before = gateway.workers();
  process.kill(before[0] as number, 'SIGKILL');
  await vi.waitFor(() => {
    const now = gateway.workers();
    expect(now).toHaveLength(2);
    expect(now).not.toContain(before[0]);
  }, PATIENCE);
  const [kept] = before.slice(1);
  process.kill(kept as number, 'SIGKILL');
  // the replacement alone answers, at least until the next one serves
  await vi.waitFor(async () => expect(await gateway.ask('{ hello }')).toEqual({ data: { hello: 'first' } }), PATIENCE);
});
