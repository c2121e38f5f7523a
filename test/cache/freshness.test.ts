import { describe, expect, it } from 'vitest';
import { cachedWorld, subgraph } from './cached-world.ts';
import { ClaimingStore } from './claiming-store.ts';

const LIST = 'query($ids: [ID!]!) { items(ids: $ids) { id fact } }';

/** A world whose facts are counted: `1` for the first that was fetched. */
async function countedWorld(
  lifetime: Parameters<typeof cachedWorld>[1] = {},
  store?: Parameters<typeof cachedWorld>[2],
) {
  let count = 0;
  const nulls = new Set<string>();
  const items = subgraph(({ body }) => ({
    data: { items: JSON.parse(body).variables.ids.map((id: string) => ({ __typename: 'Item', id })) },
  }));
  const facts = subgraph(({ body }) => ({
    data: {
      _entities: JSON.parse(body).variables.representations.map(({ id }: { id: string }) =>
        nulls.has(id) ? null : { __typename: 'Item', fact: String(++count) },
      ),
    },
  }));
  const world = await cachedWorld({ items, facts }, lifetime, store);
  const ask = async (...ids: string[]) => {
    const { data, errors } = await world.ask(LIST, { ids });
    return errors.length > 0 ? 'failed' : data.items.map((item: { fact: string } | null) => item?.fact).join();
  };
  /** Waits until what goes on in the background has ended. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { ...world, items, facts, nulls, ask, settle };
}

describe('a cached value', () => {
  it('is fetched again when its time is over', async () => {
    const { clock, ask } = await countedWorld();
    expect(await ask('a', 'b')).toBe('1,2');
    clock.now += 19_999;
    expect(await ask('a', 'b')).toBe('1,2');
    clock.now += 1;
    expect(await ask('a', 'b')).toBe('3,4');
  });

  it('is not used for longer than is allowed now, although it was stored for longer', async () => {
    const { store, ask, ...before } = await countedWorld();
    await ask('a');
    const after = await countedWorld({ ttlMs: 5_000, staleIfErrorMs: 60_000 }, store);
    after.clock.now = before.clock.now + 4_999;
    await after.ask('a');
    expect(after.facts.sent.length).toBe(0);
    after.clock.now += 1;
    await after.ask('a');
    expect(after.facts.sent.length).toBe(1);
  });

  it('is not used where it was stored in the future, since its age is unknown', async () => {
    const { clock, ask } = await countedWorld();
    await ask('a');
    clock.now -= 10_000;
    expect(await ask('a')).toBe('1');
    clock.now -= 1;
    expect(await ask('a')).toBe('2');
  });

  it('is used for a while longer while one request fetches it again', async () => {
    const { clock, ask, facts, settle } = await countedWorld({ staleWhileRevalidateMs: 10_000 });
    await ask('a', 'b');
    clock.now += 25_000;
    facts.deliver = (done) => setImmediate(done);
    expect(await Promise.all([ask('a', 'b'), ask('a', 'b')])).toEqual(['1,2', '1,2']);
    await settle();
    // one refresh for all
    expect(facts.sent.length).toBe(2);
    expect(await ask('a', 'b')).toBe('3,4');
    clock.now += 30_000;
    expect(await ask('a', 'b')).toBe('5,6');
  });

  it('is used for a while longer where the subgraph fails', async () => {
    const { clock, ask, facts } = await countedWorld({ staleIfErrorMs: 60_000 });
    await ask('a');
    facts.isDown = true;
    clock.now += 25_000;
    expect(await ask('a')).toBe('1');
    // one that was never fetched is missing
    expect(await ask('a', 'b')).toBe('failed');
    clock.now += 60_000;
    expect(await ask('a')).toBe('failed');
  });

  it('may be null only where the config says so', async () => {
    const without = await countedWorld();
    without.nulls.add('a');
    await without.ask('a');
    await without.ask('a');
    expect(without.facts.sent.length).toBe(2);
    const world = await countedWorld({ negativeTtlMs: 5_000 });
    world.nulls.add('a');
    await world.ask('a');
    await world.ask('a');
    expect(world.facts.sent.length).toBe(1);
    world.clock.now += 5_000;
    await world.ask('a');
    expect(world.facts.sent.length).toBe(2);
  });

  it('is not used any more after a new one that may not be cached, however long it may be stale', async () => {
    const { clock, facts, nulls, ask, settle } = await countedWorld({
      staleWhileRevalidateMs: 10_000,
      staleIfErrorMs: 60_000,
    });
    await ask('a', 'b');
    clock.now += 25_000;
    nulls.add('a');
    await ask('a', 'b');
    await settle();
    expect(await ask('a', 'b')).toBe(',3');
    facts.isDown = true;
    clock.now += 40_000;
    expect(await ask('b')).toBe('3');
    expect(await ask('a')).toBe('failed');
  });

  it('is invalidated by the response of a refresh, too', async () => {
    const { clock, items, facts, ask, settle } = await countedWorld({ staleWhileRevalidateMs: 10_000 });
    await ask('a');
    clock.now += 25_000;
    const { respond } = facts;
    facts.respond = (request) => ({ ...(respond(request) as object), extensions: { invalidate: ['item-a'] } });
    await ask('a');
    await settle();
    items.sent.splice(0);
    await ask('a');
    expect(items.sent.length).toBe(1);
  });

  it('expires earlier by a random part of its time', async () => {
    const world = await countedWorld({ jitter: 0.5 });
    world.random.next = () => 0.5;
    await world.ask('a');
    world.random.next = () => 0;
    world.clock.now += 14_999;
    expect(await world.ask('a')).toBe('1');
    world.clock.now += 1;
    expect(await world.ask('a')).toBe('2');
  });

  it('is refreshed by one process, and each only once', async () => {
    const store = new ClaimingStore({ maxBytes: 1_000_000, now: () => one.clock.now });
    const lifetime = { staleWhileRevalidateMs: 10_000 };
    const one = await countedWorld(lifetime, store);
    const other = await countedWorld(lifetime, store);
    await one.ask('a', 'b', 'c');
    for (const { clock } of [one, other]) clock.now += 25_000;
    const refreshed = (world: typeof one) =>
      world.facts.sent.flatMap(({ variables }) => (variables.representations as { id: string }[]).map(({ id }) => id));
    one.facts.sent.splice(0);
    for (const { facts } of [one, other]) facts.deliver = (done) => setImmediate(done);
    await one.ask('a', 'b');
    await other.ask('b', 'c');
    expect([refreshed(one), refreshed(other)]).toEqual([['a', 'b'], ['c']]);
    await one.settle();
    expect(await other.ask('a', 'b', 'c')).toBe('4,5,1');
  });

  it('is refreshed before it expires: the nearer that is, and the longer it takes, the more probably', async () => {
    const world = await countedWorld();
    // the fetch takes a second
    world.facts.deliver = (done) => {
      world.clock.now += 1_000;
      done();
    };
    await world.ask('a');
    world.clock.now += 17_000;
    // two seconds before the end: -ln(1 - 0.8) is 1.6, -ln(1 - 0.9) is 2.3
    world.random.next = () => 0.8;
    await world.ask('a');
    expect(world.facts.sent.length).toBe(1);
    world.random.next = () => 0.9;
    expect(await world.ask('a')).toBe('1');
    await world.settle();
    expect(world.facts.sent.length).toBe(2);
    world.random.next = () => 0;
    expect(await world.ask('a')).toBe('2');
  });
});
