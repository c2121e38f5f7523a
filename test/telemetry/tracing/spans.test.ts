import { describe, expect, it } from 'vitest';
import { post } from '../../gateway/serving.ts';
import { KINDS } from './collector.ts';
import { tracedWorld } from './traced-world.ts';

const SHELF = 'query Shelf { product { name inStock } }';

describe('the spans of a request', () => {
  it('are its stages, its fetches, and their tries', async () => {
    const { url, collector, seen } = await tracedWorld();
    const headers = { 'apollographql-client-name': 'web', 'apollographql-client-version': '1.2' };
    const response = await post(url, { query: SHELF }, headers);
    expect(await response.json()).toEqual({ data: { product: { name: 'Lamp', inStock: 7 } } });
    const trace = await collector.trace();
    expect(trace.tree()).toMatchInlineSnapshot(`
      [
        "POST /graphql",
        "  parse",
        "  limits",
        "  validate",
        "  variables",
        "  normalize",
        "  plan",
        "  execute",
        "    fetch products",
        "      POST",
        "    fetch stock",
        "      POST",
      ]
    `);
    expect(trace.root.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'url.path': '/graphql',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
      'graphql.operation.type': 'query',
      'graphql.operation.name': 'Shelf',
      'client.name': 'web',
      'client.version': '1.2',
      'headgate.request_id': response.headers.get('x-request-id'),
    });
    expect(trace.root).toMatchObject({ kind: KINDS.server, parentId: '', status: { code: 0 } });
    const fetch = trace.one('fetch stock');
    expect(fetch).toMatchObject({
      kind: KINDS.internal,
      attributes: { 'subgraph.name': 'stock', 'graphql.operation.type': 'query', 'http.response.status_code': 200 },
    });
    const [sent] = trace.children(fetch);
    expect(sent).toMatchObject({
      kind: KINDS.client,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'server.address': '127.0.0.1',
        'server.port': expect.any(Number),
        'url.full': expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/),
        'subgraph.name': 'stock',
      },
    });
    // the subgraph's parent is the try
    expect(seen.stock?.[0]?.traceparent).toBe(`00-${trace.root.traceId}-${sent?.spanId}-01`);
    for (const span of trace.all) {
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.start).toBeGreaterThanOrEqual(trace.root.start);
      expect(span.resource).toMatchObject({ 'service.name': 'headgate', 'service.instance.id': expect.any(String) });
    }
  });
});
