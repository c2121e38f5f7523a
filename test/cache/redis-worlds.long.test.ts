import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MemoryStore } from '../../src/cache/memory-store.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { TwoLevelStore } from '../../src/cache/two-levels.ts';
import { createRedis } from '../../src/store/redis.ts';
import { redisMessages } from '../../src/store/redis-messages.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startCluster } from '../store/redis-cluster-nodes.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../store/redis-server.ts';
import { cachedWorld } from './cached-world.ts';
import { lifetime, liveThrough, outage, type Step, step } from './random-worlds.ts';

const logger = createLogger({ level: 'silent' });

/** Where processes find each other: one Redis, or a cluster. */
type Place = { readonly url: string } | { readonly cluster: readonly string[] };

/** The connections of a process, which lasts for many worlds. */
async function openProcess(place: Place, timeout: number) {
  const settings = {
    ...('url' in place ? place : { cluster: [...place.cluster] }),
    ...{ key_prefix: 'worlds', timeout, required_timeout: timeout * 4 },
  };
  const redis = await createRedis(settings, logger);
  const messages = await redisMessages(settings, redis, logger);
  onTestFinished(async () => {
    await messages.close();
    await redis.close();
  });
  await expect.poll(() => messages.isConnected).toBe(true);
  const marks = new Set<string>();
  messages.subscribe('mark', (text) => void marks.add(text));
  return { redis, messages, marks, timeout };
}

type Process = Awaited<ReturnType<typeof openProcess>>;

/** Whether all shards respond, within both budgets. A process learns that Redis is available again when it uses it. */
async function isReady({ redis, messages, timeout }: Process): Promise<boolean> {
  const read = (shard: string, budgetMs: number) => redis.run((client) => client.get(`${shard}:ready`), budgetMs);
  const all = redis.shards.flatMap((shard) => [timeout, redis.requiredMs].map((budgetMs) => read(shard, budgetMs)));
  const results = await Promise.allSettled(all);
  return results.every(({ status }) => status === 'fulfilled') && redis.available && messages.isConnected;
}

async function allReady(processes: readonly Process[]): Promise<void> {
  for (const process of processes) await expect.poll(() => isReady(process), { interval: 5 }).toBe(true);
}

/** Resolves when each process has received what the others have sent before, or knows that messages may be lost. */
async function informAll(processes: readonly Process[], mark: string): Promise<void> {
  for (const { messages } of processes) messages.publish('mark', mark);
  for (const { messages, marks } of processes)
    await expect.poll(() => marks.has(mark) || !messages.isConnected, { interval: 2 }).toBe(true);
}

async function checkWorlds(
  processes: readonly Process[],
  { runs, steps }: { readonly runs: number; readonly steps: fc.Arbitrary<Step[]> },
  disturbed?: Disturbance,
): Promise<void> {
  let worlds = 0;
  let found = 0;
  let marks = 0;
  await fc.assert(
    fc.asyncProperty(
      lifetime,
      steps,
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (settings, all, chances) => {
        await disturbed?.end();
        await allReady(processes);
        const world = ` ${++worlds}`;
        const clock = { now: Date.now() };
        const now = () => clock.now;
        await liveThrough({
          ...{ settings, steps: all, chances },
          async onOutage(step) {
            // what is over is over for the processes, too: else they would do without Redis for the rest of the world
            if ((await disturbed?.begin(step)) === 'over') await allReady(processes);
          },
          informed: () => informAll(processes, `${++marks}`),
          open: (subgraphs) =>
            Promise.all(
              processes.map(({ redis, messages, timeout }) => {
                const far = new RedisStore({ redis, timeoutMs: timeout, compressFrom: 100, now });
                const get = far.get.bind(far);
                far.get = async (keys) => {
                  const all = await get(keys);
                  if (all.entries.some((entry) => entry !== undefined)) found++;
                  return all;
                };
                const storeOver = (memory: MemoryStore) => new TwoLevelStore(memory, far, () => messages.isConnected);
                return cachedWorld(subgraphs, settings, undefined, undefined, { clock, messages, storeOver, world });
              }),
            ),
        });
      },
    ),
    { numRuns: runs },
  );
  // the worlds have shared something; where nodes are gone, a few worlds may have found nothing there
  if (disturbed === undefined) expect(found).toBeGreaterThan(0);
}

/** What happens to the nodes of Redis in a world. */
interface Disturbance {
  /** Resolves with whether all nodes respond again. */
  begin(step: Extract<Step, { kind: 'outage' }>): Promise<'over' | undefined>;
  /** All nodes respond again. */
  end(): Promise<void>;
}

const calm = fc.array(step, { minLength: 5, maxLength: 40 });
const stormy = fc.array(fc.oneof({ weight: 6, arbitrary: step }, { weight: 1, arbitrary: outage }), {
  minLength: 10,
  maxLength: 40,
});

/** Freezes, ends and starts nodes. */
function disturb(nodes: readonly RedisServer[]): Disturbance {
  const gone = new Set<RedisServer>();
  const frozen = new Set<RedisServer>();
  const restart = async (server: RedisServer) => {
    if (gone.delete(server)) await server.restart();
  };
  return {
    async begin({ node, what }) {
      const server = nodes[node % nodes.length] as RedisServer;
      if (what === 'kill' && !gone.has(server)) {
        gone.add(server);
        frozen.delete(server);
        await server.kill();
      } else if (what === 'freeze' && !gone.has(server)) {
        frozen.add(server);
        server.freeze();
      } else {
        await restart(server);
        server.resume();
        frozen.delete(server);
        return gone.size + frozen.size === 0 ? 'over' : undefined;
      }
      return undefined;
    },
    async end() {
      for (const server of nodes) {
        await restart(server);
        server.resume();
      }
      frozen.clear();
    },
  };
}

describe.skipIf(!HAS_REDIS)(
  'two processes: a response is never older than allowed, another’s, or invalidated before',
  () => {
    it('with a Redis', async () => {
      const server = await startRedis();
      onTestFinished(() => server.close());
      const place = { url: server.url };
      await checkWorlds([await openProcess(place, 5_000), await openProcess(place, 5_000)], { runs: 60, steps: calm });
    });

    it('with a Redis Cluster', async () => {
      const place = { cluster: (await startCluster()).urls };
      await checkWorlds([await openProcess(place, 5_000), await openProcess(place, 5_000)], { runs: 40, steps: calm });
    });

    it('with a Redis that does not respond, or is gone with its data', async () => {
      const server = await startRedis();
      onTestFinished(() => server.close());
      const place = { url: server.url };
      const processes = [await openProcess(place, 50), await openProcess(place, 50)];
      await checkWorlds(processes, { runs: 15, steps: stormy }, disturb([server]));
    });

    it('with a Redis Cluster whose nodes do not respond, or are gone with their data', async () => {
      const { urls, nodes } = await startCluster();
      const processes = [await openProcess({ cluster: urls }, 50), await openProcess({ cluster: urls }, 50)];
      await checkWorlds(processes, { runs: 4, steps: stormy }, disturb(nodes));
    });
  },
);
