import { type FaultySubgraph, startSubgraph, startWorld, type World, type WorldOptions } from './fault-world.ts';
import type { Sample } from './steady-load.ts';

/** How the figures are measured. */
export interface Measure {
  /** The file of the CLI. */
  readonly cli: string;
  /** Requests in a second. */
  readonly perSecond: number;
  /** How long each fault lasts. */
  readonly seconds: number;
}

/** A query for the field of the first subgraph. */
export const READS = 'query ($n: Int) { s0(n: $n) }';

/** In milliseconds. Everything is loaded and compiled by then. */
export const WARM_UP_MS = 2_000;

export interface OpenWorld {
  readonly world: World;
  /** The URLs of each subgraph. */
  readonly subgraphs: readonly (readonly FaultySubgraph[])[];
}

interface Setup extends Pick<WorldOptions, 'cli' | 'config' | 'ofEach'> {
  /** How many URLs each subgraph has. */
  readonly urls: readonly number[];
}

/** Starts subgraphs and a gateway, and stops them when `use` is done. */
export async function inWorld<T>({ urls, ...options }: Setup, use: (open: OpenWorld) => Promise<T>): Promise<T> {
  const started: FaultySubgraph[] = [];
  let world: World | undefined;
  try {
    const subgraphs: FaultySubgraph[][] = [];
    for (const count of urls) {
      const group = await Promise.all(Array.from({ length: count }, () => startSubgraph()));
      started.push(...group);
      subgraphs.push(group);
    }
    world = await startWorld({ ...options, subgraphs: subgraphs.map((group) => group.map(({ url }) => url)) });
    return await use({ world, subgraphs });
  } finally {
    await world?.stop();
    for (const subgraph of started) subgraph.stop();
  }
}

/** Requests to subgraphs over a time, by the clock of `performance.now()`. */
export interface Received {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Counts requests to subgraphs from now on, until the returned function is called. */
export async function countReceived(subgraphs: readonly FaultySubgraph[]): Promise<() => Promise<Received>> {
  const from = performance.now();
  const before = await receivedBy(subgraphs);
  return async () => {
    const count = (await receivedBy(subgraphs)) - before;
    return { from, to: performance.now(), count };
  };
}

/** Returns how many requests subgraphs got for each request of a client in that time, with those that had begun before and still ran. */
export function amplificationOf({ from, to, count }: Received, samples: readonly Sample[]): number {
  return count / samples.filter(({ start, ms }) => start + ms >= from && start < to).length;
}

async function receivedBy(subgraphs: readonly FaultySubgraph[]): Promise<number> {
  const counts = await Promise.all(subgraphs.map((subgraph) => subgraph.counts()));
  return counts.reduce((sum, { received }) => sum + received, 0);
}
