import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { NOTHING } from '../../src/client/depends-on.ts';
import type { TagCollector } from '../../src/client/tag-collector.ts';
import { ResponseCache } from '../../src/graphql-http/response-cache.ts';
import { ClaimingStore } from '../cache/claiming-store.ts';

/** A cache of whole responses, and requests that the test executes itself. */
function world({ jitter = 0, store: shared }: { jitter?: number; store?: MemoryStore } = {}) {
  const schemas = { current: { supergraph: { sdl: 'one' } } };
  const clock = { now: 1_000_000 };
  const random = { next: 0 };
  const now = () => clock.now;
  const store = shared ?? new MemoryStore({ maxBytes: 1_000_000, now });
  const cache = new ResponseCache({
    ...{ store, jitter, now },
    tagHeader: undefined,
    random: () => random.next,
    engine: () => schemas.current as never,
    contract: undefined,
  });
  const request = (headers: object = {}) =>
    ({ req: { method: 'GET', url: '/graphql?query={a}', headers }, client: {}, reads: NOTHING }) as never;
  const execute = (context: { client: { cacheTags: TagCollector } }, body: string, tags: readonly string[] = []) => {
    context.client.cacheTags.add(tags);
    const cachePolicy = { collected: context.client.cacheTags, scope: 'public', maxAgeMs: 60_000 };
    const result = { cachePolicy, dependsOn: NOTHING, errors: [] };
    const response = { status: 200, body, headers: { 'content-type': 'application/json' } };
    cache.store(context as never, result as never, response, { 'cache-control': 'public, max-age=60' });
  };
  const find = async (context = request()) => (await cache.find(context))?.body?.toString();
  return { schemas, clock, random, store, request, execute, find };
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

  it('expires earlier by a random part of its time', async () => {
    const { clock, random, request, execute, find } = world({ jitter: 0.5 });
    const context = request();
    await find(context);
    random.next = 0.5;
    execute(context, '{"data":{}}');
    random.next = 0;
    clock.now += 44_999;
    expect(await find()).toBe('{"data":{}}');
    clock.now += 1;
    expect(await find()).toBe(undefined);
  });

  it('is made again by one of its users before it expires, in one of the processes', async () => {
    const clock = { now: 1_000_000 };
    const store = new ClaimingStore({ maxBytes: 1_000_000, now: () => clock.now });
    const [one, other] = [world({ store }), world({ store })];
    const tick = (ms: number) => {
      for (const each of [one.clock, other.clock, clock]) each.now += ms;
    };
    // a process knows what the response to a URL depends on after the first one
    for (const { request, find, execute } of [one, other]) {
      const context = request({ 'cache-control': 'no-cache' });
      await find(context);
      // it takes a second
      tick(1_000);
      execute(context, '{"data":{}}');
    }
    tick(57_000);
    // three seconds before the end: -ln(1 - 0.9) is 2.3, -ln(1 - 0.96) is 3.2
    for (const { random, find } of [one, other]) {
      random.next = 0.9;
      expect(await find()).toBe('{"data":{}}');
      random.next = 0.96;
    }
    const context = one.request();
    expect(await one.find(context)).toBe(undefined);
    // all others still get the response
    for (const { find } of [one, other, one]) expect(await find()).toBe('{"data":{}}');
    one.execute(context, '{"data":{"new":true}}');
    for (const { find } of [one, other]) expect(await find()).toBe('{"data":{"new":true}}');
  });

  it('that is made again is not cached if it was invalidated meanwhile', async () => {
    const { clock, random, store, request, execute, find } = world();
    const first = request();
    await find(first);
    clock.now += 1_000;
    execute(first, '{"data":{}}', ['tag']);
    clock.now += 59_000;
    random.next = 0.99;
    const context = request();
    expect(await find(context)).toBe(undefined);
    store.invalidate(['tag']);
    execute(context, '{"data":{}}', ['tag']);
    random.next = 0;
    expect(await find()).toBe(undefined);
  });
});
