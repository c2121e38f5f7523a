import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CacheEntry } from '../../src/cache/entry.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { TwoLevelStore } from '../../src/cache/two-levels.ts';
import { createRedis } from '../../src/store/redis.ts';
import { redisMessages } from '../../src/store/redis-messages.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { TOKEN } from '../gateway/admin-client.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../store/redis-server.ts';
import { entryOf as entry } from './entry-of.ts';
import { shop } from './shop.ts';

const logger = createLogger({ level: 'silent' });

describe.skipIf(!HAS_REDIS)('with Redis', () => {
  let server: RedisServer;
  let prefixes = 0;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.close();
  });

  const settings = (prefix: string) => ({
    url: server.url,
    key_prefix: prefix,
    timeout: 2_000,
    required_timeout: 2_000,
  });

  /** A process: its own connections and memory, with what others share behind the prefix. */
  async function openProcess(prefix: string) {
    const redis = await createRedis(settings(prefix), logger);
    const messages = await redisMessages(settings(prefix), redis, logger);
    onTestFinished(async () => {
      await messages.close();
      await redis.close();
    });
    const memory = new MemoryStore({ maxBytes: 1_000_000 });
    messages.subscribe('invalidate', (text) => void memory.invalidate(JSON.parse(text)));
    messages.onGap(() => memory.clear());
    await expect.poll(() => messages.isConnected).toBe(true);
    const far = new RedisStore({ redis, timeoutMs: 2_000, compressFrom: 1_000 });
    return { redis, messages, memory, far, store: new TwoLevelStore(memory, far, () => messages.isConnected) };
  }

  const two = async () => {
    const prefix = `cache-${++prefixes}`;
    return [await openProcess(prefix), await openProcess(prefix)] as const;
  };

  describe('the store', () => {
    it('gives one process what another has stored, also where it is compressed', async () => {
      const [one, other] = await two();
      const texts = ['short', `long ${'ü'.repeat(2_000)}`];
      const { moment } = await one.far.get(['a', 'b']);
      await one.far.set(
        [
          ['a', entry(texts[0] ?? '')],
          ['b', entry(texts[1] ?? '')],
        ],
        moment,
      );
      const { entries } = await other.far.get(['a', 'missing', 'b']);
      expect(entries.map((found) => found?.text)).toEqual([texts[0], undefined, texts[1]]);
      const stored = await one.redis.run((client) => client.strlen(`${one.redis.prefix}:cache:entry:b`));
      expect(stored).toBeLessThan(1_000);
    });

    it('removes what has one of the tags, and counts it', async () => {
      const [one, other] = await two();
      const moment = await one.far.moment();
      await one.far.set(
        [
          ['a', entry('1', ['x', 'y'])],
          ['b', entry('2', ['y'])],
          ['c', entry('3', ['z'])],
        ],
        moment,
      );
      expect(await other.far.invalidate(['x', 'y'])).toBe(2);
      const { entries } = await one.far.get(['a', 'b', 'c']);
      expect(entries.map((found) => found?.text)).toEqual([undefined, undefined, '3']);
    });

    it('does not store what was invalidated by another process since the look-up', async () => {
      const [one, other] = await two();
      const { moment } = await one.far.get(['a', 'b']);
      await other.far.invalidate(['x']);
      await one.far.set(
        [
          ['a', entry('old', ['x'])],
          ['b', entry('good', ['y'])],
        ],
        moment,
      );
      const { entries } = await one.far.get(['a', 'b']);
      expect(entries.map((found) => found?.text)).toEqual([undefined, 'good']);
    });

    it('forgets in the sets of tags what has expired, however long the sets are used', async () => {
      const [one] = await two();
      const moment = await one.far.moment();
      const until = Date.now() + 20;
      const short = { ...entry('1', ['x']), freshUntil: until, staleUntil: until, errorUntil: until };
      await one.far.set([['short', short]], moment);
      const members = () => one.redis.run((client) => client.zcard(`${one.redis.prefix}:cache:tagged:x`));
      const add = async () => {
        await one.far.set([['long', entry('2', ['x'])]], moment);
        return members();
      };
      await expect.poll(add).toBe(1);
    });

    it('takes entries that are damaged, or of another program, for missing', async () => {
      const [one] = await two();
      const key = (name: string) => `${one.redis.prefix}:cache:entry:${name}`;
      await one.far.set([['a', entry('{"b":1}')]], await one.far.moment());
      const bytes = await one.redis.run((client) => client.getBuffer(key('a')));
      for (let at = 0; at < (bytes?.length ?? 0); at++) {
        const damaged = Buffer.from(bytes as Buffer);
        damaged[at] = (damaged[at] as number) ^ 1;
        await one.redis.run((client) => client.set(key('a'), damaged));
        expect((await one.far.get(['a'])).entries).toEqual([undefined]);
      }
      for (const text of ['', '\u0000{}\n{}', '\u0004', 'garbage']) {
        await one.redis.run((client) => client.set(key('a'), text));
        expect((await one.far.get(['a'])).entries).toEqual([undefined]);
      }
    });

    it('takes entries of another version for missing, whose facts have another shape', async () => {
      const [one] = await two();
      await one.far.set([['a', entry('1')]], await one.far.moment());
      const { text, ...facts } = (await one.far.get(['a'])).entries[0] as CacheEntry;
      const shapes = [
        ...Object.keys(facts).map((name) => ({ ...facts, [name]: undefined })),
        ...Object.keys(facts).map((name) => ({ ...facts, [name]: {} })),
        ...[{ status: '200', headers: {} }, { status: 200 }, { status: 200, headers: { a: ['1'] } }, null].map(
          (head) => ({ ...facts, head }),
        ),
        ...[null, 7, [], 'text'],
      ];
      const write = (value: unknown) => {
        const plain = Buffer.from(`${JSON.stringify(value)}\n${text}`);
        const head = Buffer.alloc(5);
        head[0] = 4;
        head.writeUInt32LE(crc32(plain), 1);
        const key = `${one.redis.prefix}:cache:entry:a`;
        return one.redis.run((client) => client.set(key, Buffer.concat([head, plain])));
      };
      for (const shape of shapes) {
        await write(shape);
        expect([shape, (await one.far.get(['a'])).entries]).toEqual([shape, [undefined]]);
      }
      await write(facts);
      expect((await one.far.get(['a'])).entries[0]?.text).toBe('1');
    });

    it.each([
      ['and has counted more invalidations since', 0, 5],
      ['and with it an invalidation since the look-up', 1, 0],
      ['after it had counted none', 0, 0],
    ])('stores nothing that was fetched before Redis lost its data, %s', async (_, before, after) => {
      const [one, other] = await two();
      const { moment } = await one.far.get(['a']);
      for (let i = 0; i < before; i++) await other.far.invalidate(['x']);
      await one.redis.run((client) => client.flushall());
      await other.far.invalidate(['x']);
      for (let i = 0; i < after; i++) await other.far.invalidate(['y']);
      await other.far.get(['b']);
      await one.far.set([['a', entry('old', ['x'])]], moment);
      await one.far.set([['b', entry('old', ['z'])]], moment);
      expect((await one.far.get(['a', 'b'])).entries).toEqual([undefined, undefined]);
      await one.far.set([['a', entry('new', ['x'])]], (await one.far.get(['a'])).moment);
      expect((await one.far.get(['a'])).entries[0]?.text).toBe('new');
    });

    it('stores nothing where the data is lost after an invalidation, and counted anew by a look-up', async () => {
      const [one, other] = await two();
      const { moment } = await one.far.get(['a']);
      await other.far.invalidate(['x']);
      await one.redis.run((client) => client.flushall());
      await other.far.get(['a']);
      await one.far.set([['a', entry('old', ['x'])]], moment);
      expect((await one.far.get(['a'])).entries).toEqual([undefined]);
    });

    it('stores nothing that was fetched before Redis lost its data', async () => {
      const [one] = await two();
      await one.far.invalidate(['x']);
      const { moment } = await one.far.get(['a']);
      await one.redis.run((client) => client.flushall());
      await one.far.set([['a', entry('old', ['y'])]], moment);
      expect((await one.far.get(['a'])).entries).toEqual([undefined]);
    });

    it('does without Redis where Redis rejects its commands, and says so', async () => {
      const own = await startRedis();
      onTestFinished(() => own.close());
      const store = { redis: { url: own.url, timeout: '2s', required_timeout: '2s' } };
      const world = await shop({ redis: { enabled: true, timeout: '2s', memory: false } }, { store });
      const redis = await createRedis({ ...settings('rights'), url: own.url }, logger);
      onTestFinished(() => redis.close());
      await redis.run(
        (client) => client.call('ACL', 'SETUSER', 'default', '-mget', '-evalsha', '-eval') as Promise<unknown>,
      );
      expect((await world.ask('{ products { id stars } }')).data.products.length).toBe(3);
      expect(world.lines.some(({ msg }) => String(msg).startsWith('Redis rejects a command'))).toBe(true);
    });

    it('says that nothing may be removed where Redis rejects an invalidation', async () => {
      const own = await startRedis();
      onTestFinished(() => own.close());
      const key = 'a-shared-key-for-tests';
      const cache = { redis: { enabled: true }, invalidation: { shared_key: key } };
      const store = { redis: { url: own.url, timeout: '2s', required_timeout: '2s' } };
      const world = await shop(cache, { store, admin: { listen: '127.0.0.1:0', token: TOKEN } });
      const redis = await createRedis({ ...settings('rights'), url: own.url }, logger);
      onTestFinished(() => redis.close());
      await redis.run((client) => client.call('ACL', 'SETUSER', 'default', '-evalsha', '-eval') as Promise<unknown>);
      const response = await fetch(world.adminUrl?.replace(/admin$/, 'invalidation') ?? '', {
        method: 'POST',
        headers: { authorization: key },
        body: '[{"kind": "subgraph", "subgraph": "products"}]',
      });
      expect(response.status).toBe(503);
      expect((await response.json()).detail).toMatch(/^Redis rejects a command; .* send the request again\.$/);
    });

    it('lets one process refresh a key at a time', async () => {
      const [one, other] = await two();
      const [first, second] = [{ storedAt: 1 }, { storedAt: 2 }];
      expect((await one.far.claim([['a', first]], 10_000)).isClaimed).toEqual([true]);
      const claim = await other.far.claim(
        [...(['a', 'b'] as const).map((key) => [key, first] as const), ['a', second]],
        10_000,
      );
      // what the other one has stored meanwhile can be refreshed again
      expect(claim.isClaimed).toEqual([false, true, true]);
      await one.far.invalidate(['x']);
      expect((await one.far.claim([['c', first]], 10_000)).moment).toEqual((await one.far.get(['c'])).moment);
    });
  });

  describe('two levels', () => {
    it('ask Redis only for what is not in memory', async () => {
      const [one, other] = await two();
      await one.store.set([['a', entry('1', ['x'])]], (await one.store.get(['a'])).moment);
      expect((await other.store.get(['a'])).entries[0]?.text).toBe('1');
      await one.redis.run((client) => client.unlink(`${one.redis.prefix}:cache:entry:a`));
      expect((await other.store.get(['a'])).entries[0]?.text).toBe('1');
    });

    it('have nothing in memory that another process has invalidated', async () => {
      const [one, other] = await two();
      await one.store.set([['a', entry('1', ['x'])]], (await one.store.get(['a'])).moment);
      await other.store.get(['a']);
      await one.store.invalidate(['x']);
      one.messages.publish('invalidate', JSON.stringify(['x']));
      await expect.poll(async () => (await other.store.get(['a'])).entries[0]?.text).toBe(undefined);
    });

    it('ask Redis alone while messages may be lost', async () => {
      const [one, other] = await two();
      await one.store.set([['a', entry('1', ['x'])]], (await one.store.get(['a'])).moment);
      await other.store.get(['a']);
      await other.messages.close();
      const isolated = new TwoLevelStore(other.memory, other.far, () => false);
      await one.store.invalidate(['x']);
      expect((await isolated.get(['a'])).entries[0]).toBe(undefined);
    });
  });

  describe('two gateways', () => {
    const withRedis = (prefix: string) =>
      [
        { redis: { enabled: true, timeout: '2s' } },
        { store: { redis: { ...settings(prefix), timeout: '2s', required_timeout: '2s' } } },
      ] as const;
    const LIST = '{ products { id name stars } }';

    it('share what is cached', async () => {
      const prefix = `cache-${++prefixes}`;
      const one = await shop(...withRedis(prefix));
      const other = await shop(...withRedis(prefix));
      const first = await one.ask(LIST);
      // it is stored after the response
      const again = async () => {
        await other.ask(LIST);
        return other.counts();
      };
      await expect.poll(again).toEqual({ products: 0, reviews: 0 });
      expect(await other.ask(LIST)).toEqual(first);
    });

    it('both fetch again what a mutation at one of them has changed', async () => {
      const prefix = `cache-${++prefixes}`;
      const one = await shop(...withRedis(prefix));
      const other = await shop(...withRedis(prefix));
      for (const world of [one, other]) await world.ask(LIST);
      other.data.names[1] = 'Lantern';
      await one.ask('mutation { rename(id: "1", name: "Lantern") { id } }');
      for (const world of [one, other])
        await expect.poll(async () => (await world.ask(LIST)).data.products[0].name).toBe('Lantern');
    });

    it('ignore what another program sends to their channel', async () => {
      const prefix = `cache-${++prefixes}`;
      const world = await shop(...withRedis(prefix));
      await world.ask(LIST);
      const redis = await createRedis(settings(prefix), logger);
      onTestFinished(() => redis.close());
      for (const text of ['{', '7', '[7]', 'null'])
        await redis.run((client) =>
          client.publish(`${redis.prefix}:messages`, JSON.stringify({ from: 'other', topic: 'invalidate', text })),
        );
      expect((await world.ask(LIST)).data.products.length).toBe(3);
      expect(world.lines.filter(({ level }) => level === 'error' || Number(level) >= 50)).toEqual([]);
    });

    it('ask the subgraphs while Redis does not respond', async () => {
      const own = await startRedis();
      onTestFinished(() => own.close());
      const store = { redis: { url: own.url, timeout: '50ms', required_timeout: '50ms' } };
      const world = await shop({ redis: { enabled: true, timeout: '20ms', memory: false } }, { store });
      own.freeze();
      try {
        expect((await world.ask(LIST)).data.products.length).toBe(3);
        expect((await world.ask(LIST)).data.products.length).toBe(3);
        expect(world.counts()).toEqual({ products: 2, reviews: 2 });
      } finally {
        own.resume();
      }
    });
  });
});
