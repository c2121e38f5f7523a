import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type FaultySubgraph, startSubgraph, startWorld, type World } from './fault-world.ts';
import { inWorld, type Measure, READS, WARM_UP_MS } from './in-world.ts';
import { failuresOf, startBusyClients, startLoad } from './steady-load.ts';

const FAKE_DNS = fileURLToPath(new URL('fake-dns.mjs', import.meta.url));
/** Connections are replaced after a second. */
const POOL = { max_age: '1s', keep_alive: '1s' };

export interface DnsChange {
  readonly sent: number;
  readonly failed: number;
  readonly errors: Readonly<Record<string, number>>;
  /** The shares of three addresses of the requests: before the change, and after it. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Measures a subgraph whose host name has the first and second of three addresses, and then the second and third. */
export async function dnsChange({ cli, perSecond, seconds }: Measure): Promise<DnsChange> {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-dns-'));
  const file = join(dir, 'addresses');
  const subgraphs: FaultySubgraph[] = [];
  let world: World | undefined;
  try {
    subgraphs.push(await startSubgraph(0, '127.0.0.2'));
    const { port } = (await subgraphs[0]?.counts()) ?? { port: 0 };
    for (const host of ['127.0.0.3', '127.0.0.4']) subgraphs.push(await startSubgraph(port, host));
    writeFileSync(file, '127.0.0.2 127.0.0.3');
    world = await startWorld({
      cli,
      subgraphs: [[`http://subgraph.test:${port}/graphql`]],
      config: { traffic_shaping: { all: { pool: POOL } } },
      nodeFlags: ['--import', FAKE_DNS],
      env: { FAKE_DNS: file },
    });
    const load = startLoad(world.url, READS, perSecond);
    await sleep(WARM_UP_MS);
    const before = await sharesDuring(subgraphs, () => sleep((seconds * 1_000) / 2));
    writeFileSync(file, '127.0.0.3 127.0.0.4');
    // the connections to the first address have ended by then
    await sleep(2 * WARM_UP_MS);
    await subgraphs[0]?.set('refuses connections');
    const after = await sharesDuring(subgraphs, () => sleep((seconds * 1_000) / 2));
    return { ...failuresOf(await load.stop()), before, after };
  } finally {
    await world?.stop();
    for (const subgraph of subgraphs) subgraph.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function sharesDuring(subgraphs: readonly FaultySubgraph[], run: () => Promise<unknown>): Promise<number[]> {
  const counts = () => Promise.all(subgraphs.map(async (subgraph) => (await subgraph.counts()).received));
  const before = await counts();
  await run();
  const received = (await counts()).map((count, at) => count - (before[at] ?? 0));
  const sum = received.reduce((one, other) => one + other, 0);
  return received.map((count) => count / sum);
}

export interface Restarts {
  readonly sent: number;
  readonly failed: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Measures reads while three URLs of a subgraph restart, one after the other, without draining: their connections are cut. */
export function rollingRestart({ cli, perSecond }: Measure, rounds: number): Promise<Restarts> {
  return inWorld({ cli, urls: [3] }, async ({ world, subgraphs }) => {
    const load = startLoad(world.url, READS, perSecond);
    await sleep(WARM_UP_MS);
    for (let round = 0; round < rounds; round++)
      for (const subgraph of subgraphs.flat()) {
        await subgraph.set('refuses connections');
        await sleep(300);
        await subgraph.set('none');
        await sleep(300);
      }
    return failuresOf(await load.stop());
  });
}

export interface Stop {
  readonly sent: number;
  /** Neither answered nor refused. */
  readonly lost: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Measures requests of clients that keep their connections while the gateway gets SIGTERM. */
export function stopUnderLoad({ cli }: Measure): Promise<Stop> {
  return inWorld({ cli, config: { shutdown: { delay: '500ms' } }, urls: [1] }, async ({ world }) => {
    const clients = startBusyClients(world.url, READS, 24);
    await sleep(WARM_UP_MS);
    await world.terminate();
    const { sent, failed, errors } = failuresOf(await clients.stop());
    return { sent, lost: failed - (errors.ECONNREFUSED ?? 0), errors };
  });
}
