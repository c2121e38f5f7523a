import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultySubgraph } from './fault-world.ts';
import type { Fault } from './faulty-subgraph.ts';
import { amplificationOf, countReceived, inWorld, type Measure, READS, WARM_UP_MS } from './in-world.ts';
import { failuresOf, percentile, startLoad } from './steady-load.ts';

/** The first ejection of a URL. */
const EJECTION_MS = 2_000;
/** Two ejections, and the time after which a circuit breaker tries again. */
const RECOVERY_MS = 2 * EJECTION_MS + 5_000;

/** Ways in which one of three URLs fails. */
export const ONE_OF_THREE = [
  'refuses connections',
  'closes each connection',
  'resets in the middle of a response',
  'answers 500',
  'answers 500 in bursts',
  'answers with garbage',
  'hangs',
  'trickles',
] as const satisfies readonly Fault[];

/** Ways in which all URLs fail. */
export const OUTAGES = [
  'refuses connections',
  'closes each connection',
  'answers 503',
  'hangs',
] as const satisfies readonly Fault[];

/**
 * Returns the settings of the figures: retries after each kind of failure, and the defaults of everything else. A busy machine must
 * not make a healthy URL late, so timeouts are short only where the fault needs them.
 */
function trafficFor(fault: Fault) {
  const on = ['connection_failure', 'gateway_error', '5xx', 'timeout', 'retry_after', 'malformed_response'];
  const isSlow = fault === 'hangs' || fault === 'trickles';
  return isSlow
    ? { timeout: '3s', try_timeout: '500ms', retry: { on } }
    : { timeout: '60s', try_timeout: '30s', retry: { on } };
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
  const config = { traffic_shaping: { all: trafficFor(fault) } };
  const ofEach = { outlier_detection: { ejection_time: `${EJECTION_MS}ms` } };
  return inWorld({ cli: measure.cli, config, ofEach, urls: [3] }, async ({ world, subgraphs }) => {
    const [bad] = subgraphs[0] as [FaultySubgraph];
    const load = startLoad(world.url, READS, measure.perSecond);
    await sleep(WARM_UP_MS);
    const { received: badBefore } = await bad.counts();
    const endCount = await countReceived(subgraphs.flat());
    const start = performance.now();
    await bad.set(fault);
    await sleep(measure.seconds * 1_000);
    const healed = performance.now();
    const { received: badAfter, answered } = await bad.set('none');
    const received = await endCount();
    await until(async () => (await bad.counts()).answered > answered);
    const recoveryMs = performance.now() - healed;
    const all = await load.stop();
    const during = all.filter((sample) => sample.start >= start && sample.start < healed);
    const later = during.filter((sample) => sample.start > start + EJECTION_MS);
    return {
      ...failuresOf(during),
      failedLater: failuresOf(later).failed,
      receivedByBad: badAfter - badBefore,
      amplification: amplificationOf(received, all),
      p99Before: percentile(
        all.filter((sample) => sample.start < start),
        0.99,
      ),
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
  /** Failures of requests that began when two ejections and a reset of a circuit breaker had passed since the outage. */
  readonly lateFailures: number;
}

/**
 * Measures what an outage of all three URLs does, and how long clients notice it afterwards.
 * @param watchMs for how long requests are sent after the outage
 */
export function outage(
  measure: Measure,
  fault: Fault,
  shaping: object = {},
  watchMs: number = RECOVERY_MS + 2_000,
): Promise<Outage> {
  const config = { traffic_shaping: { all: { ...trafficFor(fault), ...shaping } } };
  const ofEach = { outlier_detection: { ejection_time: `${EJECTION_MS}ms` } };
  return inWorld({ cli: measure.cli, config, ofEach, urls: [3] }, async ({ world, subgraphs }) => {
    const all = subgraphs.flat();
    const load = startLoad(world.url, READS, measure.perSecond);
    await sleep(WARM_UP_MS);
    const endCount = await countReceived(all);
    const start = performance.now();
    await Promise.all(all.map((subgraph) => subgraph.set(fault)));
    await sleep(measure.seconds * 1_000);
    const healed = performance.now();
    await Promise.all(all.map((subgraph) => subgraph.set('none')));
    const received = await endCount();
    await sleep(watchMs);
    const samples = await load.stop();
    const during = samples.filter((sample) => sample.start >= start && sample.start < healed);
    const later = samples.filter((sample) => sample.start >= healed);
    const lastFailure = Math.max(healed, ...later.filter(({ error }) => error).map((sample) => sample.start));
    const firstGood = Math.min(...later.filter(({ error }) => !error).map(({ start: at, ms }) => at + ms));
    return {
      sent: during.length,
      failed: failuresOf(during).failed,
      amplification: amplificationOf(received, samples),
      recoveryMs: firstGood - healed,
      fullRecoveryMs: lastFailure - healed,
      lateFailures: failuresOf(later.filter((sample) => sample.start > healed + RECOVERY_MS)).failed,
    };
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
