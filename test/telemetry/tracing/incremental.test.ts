import { expect, test } from 'vitest';
import type { WorldSubgraph } from '../../worlds/world.ts';
import { tracedWorld } from './traced-world.ts';

const shop: Record<string, WorldSubgraph> = {
  products: {
    typeDefs: 'type Query { products: [Product!] } type Product @key(fields: "id") { id: ID! name: String }',
    resolvers: {
      Query: { products: () => Array.from({ length: 12 }, (_, i) => ({ id: `p${i}`, name: `Lamp ${i}` })) },
    },
  },
  stock: {
    typeDefs: 'type Product @key(fields: "id") { id: ID! inStock: Int! }',
    resolvers: {
      Product: { __resolveReference: ({ id }: { id: string }) => ({ id, inStock: id === 'p5' ? null : 7 }) },
    },
  },
};

async function traceOf(query: string) {
  const { url, collector } = await tracedWorld({}, { subgraphs: shop });
  const headers = { 'content-type': 'application/json', accept: 'multipart/mixed;incrementalSpec=v0.2' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  await response.text();
  return collector.trace();
}

const attributes = (payloads: readonly { readonly attributes: Readonly<Record<string, unknown>> }[]) =>
  payloads.map(({ attributes: all }) => [
    all['headgate.payload.label'],
    all['headgate.payload.path'],
    all['error.type'],
  ]);

test('each deferred fragment has a span below the execution', async () => {
  const trace = await traceOf('{ products { name ... @defer(label: "stock") { inStock } } }');
  const [execute] = trace.named('execute');
  const payloads = trace.children(execute as NonNullable<typeof execute>).filter(({ name }) => name === 'payload');
  expect(attributes(payloads)).toEqual(
    Array.from({ length: 12 }, (_, i) => ['stock', `products.${i}`, i === 5 ? 'DOWNSTREAM_SERVICE_ERROR' : undefined]),
  );
  expect(payloads.map(({ status }) => status.code)).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
});

test('items of a list have one for each payload, with the index of the first', async () => {
  const trace = await traceOf('{ products @stream(initialCount: 2, label: "all") { name inStock } }');
  expect(attributes(trace.named('payload'))).toEqual([
    ['all', 'products.2', undefined],
    ['all', 'products.5', 'DOWNSTREAM_SERVICE_ERROR'],
  ]);
});

test('a result that is whole has none', async () => {
  const trace = await traceOf('{ products { name ... @defer { id } } }');
  expect(trace.named('payload')).toEqual([]);
  expect(trace.named('execute')).toHaveLength(1);
});
