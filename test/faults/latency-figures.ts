import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultySubgraph } from './fault-world.ts';
import type { Fault } from './faulty-subgraph.ts';
import { amplificationOf, countReceived, inWorld, type Measure, READS, WARM_UP_MS } from './in-world.ts';
import { failuresOf, percentile, startLoad } from './steady-load.ts';

/** The subgraph hangs and does not, in turn, so that what else the machine does hits both alike. */
const PHASES = 4;
const HUNG_TIMEOUT_MS = 3_000;

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
  const config = { traffic_shaping: { all: { timeout: `${HUNG_TIMEOUT_MS}ms` } } };
  return inWorld({ cli: measure.cli, config, urls: [1, 1, 1, 1, 1] }, async ({ world, subgraphs }) => {
    const [hung] = subgraphs[4] as [FaultySubgraph];
    const unrelated = 'query ($n: Int) { s0(n: $n) s1(n: $n) s2(n: $n) s3(n: $n) }';
    const load = startLoad(world.url, unrelated, measure.perSecond);
    const other = startLoad(world.url, 'query ($n: Int) { s4(n: $n) }', measure.perSecond / 2);
    const phases: (readonly [Fault, number, number])[] = [];
    for (let phase = 0; phase < 2 * PHASES; phase++) {
      const fault = phase % 2 ? 'hangs' : 'none';
      await hung.set(fault);
      // what was sent before has ended by then
      await sleep(WARM_UP_MS + HUNG_TIMEOUT_MS);
      const start = performance.now();
      await sleep((measure.seconds * 1_000) / PHASES);
      phases.push([fault, start, performance.now()]);
    }
    await hung.set('none');
    await other.stop();
    const samples = await load.stop();
    const while_ = (wanted: Fault) =>
      samples.filter((sample) =>
        phases.some(([fault, start, end]) => fault === wanted && sample.start >= start && sample.start < end),
      );
    const [before, during] = [while_('none'), while_('hangs')];
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
      const endCount = await countReceived([subgraph]);
      await subgraph.set('is slow at times');
      await sleep(measure.seconds * 1_000);
      const end = performance.now();
      const received = await endCount();
      const samples = await load.stop();
      const fast = samples.filter((sample) => sample.start >= warm && sample.start < start);
      const slow = samples.filter((sample) => sample.start >= start && sample.start < end);
      return {
        ...failuresOf(slow),
        fast: percentile(fast, 0.99),
        p99: percentile(slow, 0.99),
        more: amplificationOf(received, samples),
      };
    });
  };
  const without = await one({});
  const { sent, failed, p99, more, fast } = await one({ hedge: {} });
  return { sent, failed, p99WithoutSlow: fast, p99WithoutHedge: without.p99, p99, amplification: more };
}
