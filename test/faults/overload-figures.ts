import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorld } from './fault-world.ts';
import { type Measure, WARM_UP_MS } from './in-world.ts';
import { failuresOf, percentile, type Sample, startBusyClients, startLoad } from './steady-load.ts';

const ROWS = JSON.stringify({
  data: { rows: Array.from({ length: 500 }, (_, id) => ({ id, name: `name of ${id}` })) },
});
const QUERY = 'query ($n: Int) { rows(n: $n) { id name } }';

/** Clients of a page give up after some time. */
const IN_TIME_MS = 1_000;

/** So many clients keep the gateway busy, and do not overload it. */
const BUSY_CLIENTS = 10;

export interface Overloaded {
  /** Responses in a second, when clients wait for each other. */
  readonly capacity: number;
  readonly sent: number;
  /** Good responses within {@link IN_TIME_MS}. */
  readonly inTime: number;
  readonly refused: number;
  /** Of good responses. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Measures a gateway that gets twice as many queries as it can serve, each with a response of 500 rows.
 * @param known its capacity, if it was measured before: the same load for two configs
 */
export async function overloaded({ cli, seconds }: Measure, router: object, known?: number): Promise<Overloaded> {
  // in this process: a response costs it next to nothing
  const subgraph = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(ROWS));
  });
  await new Promise<void>((resolve) => subgraph.listen(0, '127.0.0.1', 4_096, resolve));
  const url = `http://127.0.0.1:${(subgraph.address() as AddressInfo).port}/graphql`;
  const schema = `extend schema @subgraph(url: "${url}")
    type Query { rows(n: Int): [Row] } type Row { id: ID name: String }`;
  const config = { traffic_shaping: { router } };
  const world = await startWorld({ cli, config, subgraphs: [], schemas: { rows: schema } });
  try {
    const measured = await capacityOf(world.url);
    const capacity = known ?? measured;
    const load = startLoad(world.url, QUERY, 2 * capacity);
    await sleep(WARM_UP_MS);
    const start = performance.now();
    await sleep(seconds * 1_000);
    const end = performance.now();
    const all = await load.stop();
    return { capacity, ...outcomeOf(all.filter((sample) => sample.start >= start && sample.start < end)) };
  } finally {
    await world.stop();
    subgraph.closeAllConnections();
    subgraph.close();
  }
}

async function capacityOf(url: string): Promise<number> {
  const clients = startBusyClients(url, QUERY, BUSY_CLIENTS);
  await sleep(WARM_UP_MS);
  const before = clients.samples.length;
  await sleep(WARM_UP_MS);
  const answered = clients.samples.length - before;
  await clients.stop();
  return Math.round((answered * 1_000) / WARM_UP_MS);
}

function outcomeOf(samples: readonly Sample[]): Omit<Overloaded, 'capacity'> {
  const good = samples.filter(({ error }) => error === undefined);
  const { sent, errors } = failuresOf(samples);
  return {
    sent,
    inTime: good.filter(({ ms }) => ms <= IN_TIME_MS).length,
    refused: errors.OVERLOADED ?? 0,
    p50: percentile(good, 0.5),
    p99: percentile(good, 0.99),
  };
}
