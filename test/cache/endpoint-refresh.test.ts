import { describe, expect, it } from 'vitest';
import { createEndpointStore } from '../../src/bff/caching/endpoint-store.ts';
import { createResponseCache } from '../../src/bff/caching/response-cache.ts';
import { ClaimingStore } from './claiming-store.ts';

/** Two processes that share a store, and make responses when the test says so. */
function world(policy: object = {}, jitter = 0) {
  const clock = { now: 1_000_000 };
  const random = { next: 0 };
  const now = () => clock.now;
  const store = new ClaimingStore({ maxBytes: 1_000_000, now });
  const process = () => {
    const making: ((tags?: readonly string[]) => Promise<void>)[] = [];
    let made = 0;
    const cache = createResponseCache({
      ...{ store: createEndpointStore(store), now, jitter },
      random: () => random.next,
    });
    const make = () =>
      new Promise((resolve) => {
        making.push(async (tags = []) => {
          const body = Buffer.from(String(++made));
          resolve({ response: { status: 200, headers: {}, etag: '"1"', body }, isComplete: true, tags });
          await new Promise((done) => setImmediate(done));
        });
      });
    const request = {
      ...{ key: 'key', inFlightKey: 'key', clientKey: () => undefined, shared: true, make },
      policy: { freshMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, sharedText: '', ...policy },
      audience: () => ({ isPrivate: false, vary: [] }),
    };
    const get = async () => {
      const { body, headers } = await cache.respond(request as never);
      return [String(body), headers['cache-status']];
    };
    /** Makes the first response, which takes a second. */
    const fill = async (tags?: readonly string[]) => {
      const first = get();
      await expect.poll(() => making.length).toBe(1);
      clock.now += 1_000;
      await making.shift()?.(tags);
      await first;
    };
    return { cache, making, get, fill };
  };
  return { clock, random, one: process(), other: process() };
}

describe('a cached response of an endpoint', () => {
  it('is made again in the background before it expires, in one of the processes', async () => {
    const { clock, random, one, other } = world();
    await one.fill();
    clock.now += 57_000;
    // three seconds before the end: -ln(1 - 0.9) is 2.3, -ln(1 - 0.96) is 3.2
    random.next = 0.9;
    expect(await one.get()).toEqual(['1', 'headgate; hit']);
    expect(one.making.length).toBe(0);
    random.next = 0.96;
    for (const { get } of [one, other, one]) expect(await get()).toEqual(['1', 'headgate; hit']);
    expect([one.making.length, other.making.length]).toEqual([1, 0]);
    random.next = 0;
    await one.making.shift()?.();
    expect(await other.get()).toEqual(['2', 'headgate; hit']);
    clock.now += 59_999;
    expect(await one.get()).toEqual(['2', 'headgate; hit']);
  });

  it('is made again in one process while it is stale', async () => {
    const { clock, one, other } = world({ staleWhileRevalidateMs: 10_000 });
    await one.fill();
    clock.now += 60_000;
    for (const { get } of [one, other]) expect(await get()).toEqual(['1', 'headgate; hit; detail=revalidating']);
    expect([one.making.length, other.making.length]).toEqual([1, 0]);
  });

  it('is not kept if what it is made of was invalidated meanwhile', async () => {
    const { clock, random, one } = world();
    await one.fill(['user-1']);
    clock.now += 59_000;
    random.next = 0.9;
    await one.get();
    expect(await one.cache.purge(['user-1'])).toBe(1);
    await one.making.shift()?.(['user-1']);
    random.next = 0;
    void one.get();
    await expect.poll(() => one.making.length).toBe(1);
  });

  it('expires earlier by a random part of its time', async () => {
    const { clock, random, one } = world({}, 0.5);
    random.next = 0.5;
    await one.fill();
    random.next = 0;
    clock.now += 44_999;
    expect(await one.get()).toEqual(['1', 'headgate; hit']);
    clock.now += 1;
    void one.get();
    await expect.poll(() => one.making.length).toBe(1);
  });
});
