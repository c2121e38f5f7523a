import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { NOTHING } from '../../src/client/depends-on.ts';
import { ResponseCache } from '../../src/graphql-http/response-cache.ts';

/** A cache of whole responses, and requests that the test executes itself. */
function world() {
  const schemas = { current: { supergraph: { sdl: 'one' } } };
  const cache = new ResponseCache({
    store: new MemoryStore({ maxBytes: 1_000_000 }),
    tagHeader: undefined,
    jitter: 0,
    engine: () => schemas.current as never,
    contract: undefined,
  });
  const request = (headers: object = {}) =>
    ({ req: { method: 'GET', url: '/graphql?query={a}', headers }, client: {}, reads: NOTHING }) as never;
  const execute = (context: { client: { cacheTags: unknown } }, body: string) => {
    const cachePolicy = { collected: context.client.cacheTags, scope: 'public', maxAgeMs: 60_000 };
    const result = { cachePolicy, dependsOn: NOTHING, errors: [] };
    const response = { status: 200, body, headers: { 'content-type': 'application/json' } };
    cache.store(context as never, result as never, response, { 'cache-control': 'public, max-age=60' });
  };
  const find = async (context = request()) => (await cache.find(context))?.body?.toString();
  return { schemas, request, execute, find };
}

describe('a whole response', () => {
  it('is found for the schema that it was made with', async () => {
    const { request, execute, find } = world();
    const context = request();
    expect(await find(context)).toBe(undefined);
    execute(context, '{"data":{}}');
    expect(await find()).toBe('{"data":{}}');
  });

  it('is not cached if the schema has changed since its request came', async () => {
    const { schemas, request, execute, find } = world();
    const context = request();
    await find(context);
    schemas.current = { supergraph: { sdl: 'two' } };
    execute(context, '{"data":{}}');
    expect(await find()).toBe(undefined);
  });

  it('is found also with long headers', async () => {
    const { request, execute, find } = world();
    const headers = { accept: `application/json, ${'text/html, '.repeat(100)}*/*` };
    const context = request(headers);
    await find(context);
    execute(context, '{"data":{}}');
    expect(await find(request(headers))).toBe('{"data":{}}');
  });
});
