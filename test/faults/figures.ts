import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultySubgraph, startSubgraph, startWorld, type World, type WorldOptions } from './fault-world.ts';
import type { Fault } from './faulty-subgraph.ts';
import { errorsOf, percentile, type Sample, startLoad } from './steady-load.ts';

/** How the figures are measured. */
export interface Measure {
  /** The file of the CLI. */
  readonly cli: string;
  /** Requests in a second. */
  readonly perSecond: number;
  /** How long each fault lasts. */
  readonly seconds: number;
}

const READS = 'query ($n: Int) { s0(n: $n) }';
/** Everything is loaded and compiled by then. */
const WARM_UP_MS = 2_000;
/** The first ejection of a URL. */
const EJECTION_MS = 2_000;

/** The config of the figures: tries of half a second, retries, and the defaults of everything else. */
const TRAFFIC = { timeout: '3s', try_timeout: '500ms', retry: { on: RETRY_ON() } };

function RETRY_ON(): readonly string[] {
  return ['connection_failure', 'gateway_error', '5xx', 'timeout', 'retry_after'];
}

/** What clients saw of one of three URLs that failed. */
export interface OneOfThree {
  readonly sent: number;
  readonly failed: number;
  /** Of requests that began after the first ejection had ended. */
  readonly failedLater: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Requests to the URL while it failed. */
  readonly receivedByBad: number;
  /** Requests to all URLs for each of the clients. */
  readonly amplification: number;
  readonly p99Before: number;
  readonly p99: number;
  /** From the end of the fault to the next good response of that URL. */
  readonly recoveryMs: number;
}

/** Measures what clients see when one of three URLs of a subgraph fails. */
export function oneOfThree(measure: Measure, fault: Fault): Promise<OneOfThree> {
  const config = { traffic_shaping: { all: TRAFFIC } };
  const ofEach = { outlier_detection: { ejection_time: `${EJECTION_MS}ms` } };
  return inWorld({ cli: measure.cli, config, ofEach, urls: [3] }, async ({ world, subgraphs }) => {
    const [bad] = subgraphs[0] as [FaultySubgraph];
    const load = startLoad(world.url, READS, measure.perSecond);
    await sleep(WARM_UP_MS);
    const [before, badBefore] = [await receivedBy(subgraphs.flat()), (await bad.counts()).received];
    const start = performance.now();
    await bad.set(fault);
    await sleep(measure.seconds * 1_000);
    const healed = performance.now();
    const { received: badAfter, answered } = await bad.set('none');
    const after = await receivedBy(subgraphs.flat());
    await until(async () => (await bad.counts()).answered > answered);
    const recoveryMs = performance.now() - healed;
    const all = await load.stop();
    const during = all.filter((sample) => sample.start >= start && sample.start < healed);
    const later = during.filter((sample) => sample.start > start + EJECTION_MS);
    return {
      ...failuresOf(during),
      failedLater: failuresOf(later).failed,
      receivedByBad: badAfter - badBefore,
      amplification: (after - before) / during.length,
      p99Before: percentile(all.filter((sample) => sample.start < start), 0.99),
      p99: percentile(during, 0.99),
      recoveryMs,
    };
  });
}

/** What an outage of all URLs of a subgraph does. */
export interface Outage {
  readonly sent: number;
  readonly failed: number;
  /** Requests that the subgraph got for each request of a client. */
  readonly amplification: number;
  /** From the end of the outage to the first request that succeeds. */
  readonly recoveryMs: number;
  /** From the end of the outage to the begin of the first request after the last failure. */
  readonly fullRecoveryMs: number;
}

/** Measures what an outage of all three URLs does, and how long clients notice it afterwards. */
export function outage(measure: Measure, fault: Fault, shaping: object = {}): Promise<Outage> {
  const config = { traffic_shaping: { all: { ...TRAFFIC, ...shaping } } };
  const ofEach = { outlier_detection: { ejection_time: `${EJECTION_MS}ms` } };
  return inWorld({ cli: measure.cli, config, ofEach, urls: [3] }, async ({ world, subgraphs }) => {
    const all = subgraphs.flat();
    const load = startLoad(world.url, READS, measure.perSecond);
    await sleep(WARM_UP_MS);
    const before = await receivedBy(all);
    const start = performance.now();
    await Promise.all(all.map((subgraph) => subgraph.set(fault)));
    await sleep(measure.seconds * 1_000);
    const healed = performance.now();
    const counts = await Promise.all(all.map((subgraph) => subgraph.set('none')));
    const after = counts.reduce((sum, { received }) => sum + received, 0);
    await sleep(3_000 + 2 * EJECTION_MS);
    const samples = await load.stop();
    const during = samples.filter((sample) => sample.start >= start && sample.start < healed);
    const later = samples.filter((sample) => sample.start >= healed);
    const lastFailure = Math.max(healed, ...later.filter(({ error }) => error).map((sample) => sample.start));
    const firstGood = Math.min(...later.filter(({ error }) => !error).map(({ start: at, ms }) => at + ms));
    return {
      sent: during.length,
      failed: failuresOf(during).failed,
      amplification: (after - before) / during.length,
      recoveryMs: firstGood - healed,
      fullRecoveryMs: lastFailure - healed,
    };
  });
}

export interface BesideHung {
  readonly sent: number;
  readonly failed: number;
  readonly p50Before: number;
  readonly p50: number;
  readonly p99Before: number;
  readonly p99: number;
}

/** Measures queries to four subgraphs while a fifth one hangs, and other clients send queries to it. */
export function besideHung(measure: Measure): Promise<BesideHung> {
  const config = { traffic_shaping: { all: { timeout: '10s' } } };
  return inWorld({ cli: measure.cli, config, urls: [1, 1, 1, 1, 1] }, async ({ world, subgraphs }) => {
    const [hung] = subgraphs[4] as [FaultySubgraph];
    const unrelated = 'query ($n: Int) { s0(n: $n) s1(n: $n) s2(n: $n) s3(n: $n) }';
    const load = startLoad(world.url, unrelated, measure.perSecond);
    const other = startLoad(world.url, 'query ($n: Int) { s4(n: $n) }', measure.perSecond / 2);
    await sleep(WARM_UP_MS);
    const warm = performance.now();
    await sleep(measure.seconds * 1_000);
    const start = performance.now();
    await hung.set('hangs');
    await sleep(measure.seconds * 1_000);
    const end = performance.now();
    const samples = await load.stop();
    await hung.set('refuses connections');
    await other.stop();
    const before = samples.filter((sample) => sample.start >= warm && sample.start < start);
    const during = samples.filter((sample) => sample.start >= start && sample.start < end);
    return {
      ...failuresOf(during),
      p50Before: percentile(before, 0.5),
      p50: percentile(during, 0.5),
      p99Before: percentile(before, 0.99),
      p99: percentile(during, 0.99),
    };
  });
}

export interface Hedged {
  readonly sent: number;
  readonly failed: number;
  readonly p99WithoutSlow: number;
  readonly p99WithoutHedge: number;
  readonly p99: number;
  /** Requests that the subgraph got for each request of a client. */
  readonly amplification: number;
}

/** Measures a subgraph of which every twentieth response takes a second, without and with `hedge`. */
export async function hedged(measure: Measure): Promise<Hedged> {
  const one = (hedge: object) => {
    const config = { traffic_shaping: { all: { timeout: '3s', ...hedge } } };
    return inWorld({ cli: measure.cli, config, urls: [1] }, async ({ world, subgraphs }) => {
      const [subgraph] = subgraphs[0] as [FaultySubgraph];
      const load = startLoad(world.url, READS, measure.perSecond);
      await sleep(WARM_UP_MS);
      const warm = performance.now();
      await sleep(measure.seconds * 1_000);
      const start = performance.now();
      const { received: before } = await subgraph.set('is slow at times');
      await sleep(measure.seconds * 1_000);
      const end = performance.now();
      const { received: after } = await subgraph.counts();
      const samples = await load.stop();
      const fast = samples.filter((sample) => sample.start >= warm && sample.start < start);
      const slow = samples.filter((sample) => sample.start >= start && sample.start < end);
      return { ...failuresOf(slow), fast: percentile(fast, 0.99), p99: percentile(slow, 0.99), more: (after - before) / slow.length };
    });
  };
  const without = await one({});
  const { sent, failed, p99, more, fast } = await one({ hedge: {} });
  return { sent, failed, p99WithoutSlow: fast, p99WithoutHedge: without.p99, p99, amplification: more };
}

interface OpenWorld {
  readonly world: World;
  /** The URLs of each subgraph. */
  readonly subgraphs: readonly (readonly FaultySubgraph[])[];
}

interface Setup extends Pick<WorldOptions, 'cli' | 'config' | 'ofEach'> {
  /** How many URLs each subgraph has. */
  readonly urls: readonly number[];
}

/** Starts subgraphs and a gateway, and stops them when `use` is done. */
async function inWorld<T>({ urls, ...options }: Setup, use: (open: OpenWorld) => Promise<T>): Promise<T> {
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

function failuresOf(samples: readonly Sample[]) {
  const errors = errorsOf(samples);
  return { sent: samples.length, failed: Object.values(errors).reduce((sum, one) => sum + one, 0), errors };
}

async function receivedBy(subgraphs: readonly FaultySubgraph[]): Promise<number> {
  const counts = await Promise.all(subgraphs.map((subgraph) => subgraph.counts()));
  return counts.reduce((sum, { received }) => sum + received, 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
