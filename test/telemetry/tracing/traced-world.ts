import { httpWorld } from '../../gateway/http-world.ts';
import type { WorldSubgraph } from '../../worlds/world.ts';
import { type Collector, startCollector } from './collector.ts';

export const shop: Record<string, WorldSubgraph> = {
  products: {
    typeDefs: `type Query { product(id: ID, token: String): Product } type Product @key(fields: "id") { id: ID! name: String }`,
    resolvers: { Query: { product: () => ({ id: 'p1', name: 'Lamp' }) } },
  },
  stock: {
    typeDefs: `type Product @key(fields: "id") { id: ID! inStock: Int }`,
    resolvers: { Product: { __resolveReference: () => ({ id: 'p1', inStock: 7 }) } },
  },
};

/** Settings of traces that send each span at once. */
export function tracing(collector: Pick<Collector, 'url'>, more: Record<string, object> = {}) {
  const { otlp = {}, ...rest } = more;
  return {
    otlp: { enabled: true, endpoint: collector.url, batch_processor: { scheduled_delay: '20ms' }, ...otlp },
    ...rest,
  };
}

/** The shop behind a gateway that sends its traces to a collector. */
export async function tracedWorld(
  more: Record<string, object> = {},
  { config = {}, subgraphs = shop, ...options }: Parameters<typeof httpWorld>[1] & { subgraphs?: typeof shop } = {},
) {
  const collector = await startCollector();
  const { exporters, ...logs } = (config.telemetry ?? {}) as { readonly exporters?: object };
  const telemetry = { ...logs, exporters: { ...exporters, tracing: tracing(collector, more) } };
  const world = await httpWorld(subgraphs, { ...options, config: { ...config, telemetry } });
  return { ...world, collector, url: world.server.url, origin: new URL(world.server.url).origin };
}
