import { expect, test, vi } from 'vitest';
import { namedSubgraph, PATIENCE, startGateway } from '../../cli/running-gateway.ts';
import { KINDS, startCollector } from './collector.ts';

test('each worker sends its own spans, with an id of its own', async () => {
  const collector = await startCollector();
  const subgraph = await namedSubgraph('a');
  const schema = `extend schema @subgraph(url: "${subgraph.url}")\ntype Query { hello(n: Int): String }`;
  const otlp = `{ enabled: true, endpoint: "${collector.url}", batch_processor: { scheduled_delay: 20ms } }`;
  const config = `telemetry: { exporters: { tracing: { otlp: ${otlp} } } }\n`;
  const { ask } = await startGateway(2, { 'schemas/hello.graphql': schema }, config);
  let sent = 0;
  const instances = () => new Set(collector.spans.map(({ resource }) => resource['service.instance.id']));
  await vi.waitFor(async () => {
    await ask(`{ hello(n: ${sent++}) }`);
    expect(instances().size).toBe(2);
  }, PATIENCE);

  const requests = () => collector.spans.filter(({ kind }) => kind === KINDS.server);
  await vi.waitFor(() => expect(requests()).toHaveLength(sent), PATIENCE);
  for (const { traceId, resource } of requests()) {
    const ofTrace = collector.spans.filter((span) => span.traceId === traceId);
    expect(new Set(ofTrace.map((span) => span.resource['service.instance.id']))).toEqual(
      new Set([resource['service.instance.id']]),
    );
  }
});
