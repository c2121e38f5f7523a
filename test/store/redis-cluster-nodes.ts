import { Redis } from 'ioredis';
import { expect, onTestFinished } from 'vitest';
import { freePort, type RedisServer, startRedis } from './redis-server.ts';

const SLOTS = 16_384;
const NODES = 3;

export interface RedisCluster {
  /** The URLs of all nodes. */
  readonly urls: readonly string[];
  readonly nodes: readonly RedisServer[];
  /** Returns how many keys each node has. */
  sizes(): Promise<number[]>;
}

/** Three nodes, each with a third of the slots. They end with the test. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async () => {
      const bus = await freePort();
      const flags = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', `${bus}`];
      const server = await startRedis(...flags);
      onTestFinished(() => server.close());
      const admin = new Redis(server.url);
      admin.on('error', () => {});
      onTestFinished(() => admin.disconnect());
      return { server, bus, admin };
    }),
  );
  const [first] = nodes;
  for (const [index, { admin, server, bus }] of nodes.entries()) {
    const from = Math.floor((SLOTS * index) / NODES);
    const to = Math.floor((SLOTS * (index + 1)) / NODES) - 1;
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (index > 0) await first?.admin.call('CLUSTER', 'MEET', '127.0.0.1', server.port, bus);
  }
  for (const { admin } of nodes) {
    const info = async () => String(await admin.call('CLUSTER', 'INFO'));
    await expect.poll(info).toContain('cluster_state:ok');
    await expect.poll(info).toContain(`cluster_slots_ok:${SLOTS}`);
    await expect.poll(info).toContain(`cluster_known_nodes:${NODES}`);
  }
  return {
    urls: nodes.map(({ server }) => server.url),
    nodes: nodes.map(({ server }) => server),
    sizes: () => Promise.all(nodes.map(({ admin }) => admin.dbsize())),
  };
}
