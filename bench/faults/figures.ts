import { dnsChange, rollingRestart, stopUnderLoad } from '../../test/faults/change-figures.ts';
import type { Measure } from '../../test/faults/in-world.ts';
import { besideHung, hedged } from '../../test/faults/latency-figures.ts';
import { overloaded } from '../../test/faults/overload-figures.ts';
import { ONE_OF_THREE, OUTAGES, oneOfThree, outage } from '../../test/faults/url-figures.ts';

/** What `npm run bench:faults -- --only NAME` measures. */
export interface FigureGroup {
  readonly name: string;
  readonly titles: readonly string[];
  /** Measures; yields a row of the table for each fault. */
  rows(measure: Measure): AsyncIterable<readonly (string | number)[]>;
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const times = (ratio: number) => `${ratio.toFixed(2)} ×`;
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`;

/** Returns a number, and which errors it is made of. */
function counted(count: number, errors: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(errors).map(([error, times]) => `${times} ${error}`);
  return count === 0 ? '0' : `${count} (${kinds.join(', ')})`;
}

/** All figures of docs/reliability.md. */
export const FIGURE_GROUPS: readonly FigureGroup[] = [
  {
    name: 'one-of-three',
    titles: [
      'one of three URLs …',
      'requests',
      'failed',
      'after the first ejection',
      'upstream',
      'p99',
      'in use again',
    ],
    async *rows(measure) {
      for (const fault of ONE_OF_THREE) {
        const seen = await oneOfThree(measure, fault);
        const failed = `${seen.failed} (${percent(seen.failed, seen.sent)})`;
        const { sent, failedLater, amplification, p99, recoveryMs } = seen;
        yield [fault, sent, failed, failedLater, times(amplification), ms(p99), ms(recoveryMs)];
      }
    },
  },
  {
    name: 'outage',
    titles: ['all URLs …', 'circuit breaker', 'requests', 'upstream', 'first answer', 'last failure'],
    async *rows(measure) {
      for (const breaker of [undefined, {}])
        for (const fault of OUTAGES) {
          const { sent, ...seen } = await outage(measure, fault, { circuit_breaker: breaker });
          const after = [ms(seen.recoveryMs), ms(seen.fullRecoveryMs)];
          yield [fault, breaker ? 'defaults' : 'none', sent, times(seen.amplification), ...after];
        }
    },
  },
  {
    name: 'hung',
    titles: ['one of five subgraphs …', 'requests', 'failed', 'p50', 'p50 beside it', 'p99', 'p99 beside it'],
    async *rows(measure) {
      const { sent, failed, ...seen } = await besideHung(measure);
      yield ['hangs', sent, failed, ms(seen.p50Before), ms(seen.p50), ms(seen.p99Before), ms(seen.p99)];
    },
  },
  {
    name: 'hedge',
    titles: [
      '5 % of answers take 1 s',
      'requests',
      'failed',
      'p99 of fast answers',
      'p99',
      'p99 with hedge',
      'upstream',
    ],
    async *rows(measure) {
      const { sent, failed, ...seen } = await hedged(measure);
      const p99s = [ms(seen.p99WithoutSlow), ms(seen.p99WithoutHedge), ms(seen.p99)];
      yield ['`hedge: {}`', sent, failed, ...p99s, times(seen.amplification)];
    },
  },
  {
    name: 'overload',
    titles: [
      'twice the queries that it can serve',
      'capacity',
      'requests',
      'answered within 1 s',
      'refused',
      'p50 of answers',
      'p99 of answers',
    ],
    async *rows(measure) {
      let known: number | undefined;
      for (const router of [{}, { adaptive_concurrency: {} }]) {
        const { capacity, sent, inTime, refused, p50, p99 } = await overloaded(measure, router, known);
        known = capacity;
        const title = 'adaptive_concurrency' in router ? '`adaptive_concurrency: {}`' : 'no limit';
        yield [title, `${capacity}/s`, sent, percent(inTime, sent), percent(refused, sent), ms(p50), ms(p99)];
      }
    },
  },
  {
    name: 'dns',
    titles: ['addresses of a host', 'requests', 'failed', 'before: .2, .3', 'after: .3, .4'],
    async *rows(measure) {
      const { sent, failed, before, after } = await dnsChange(measure);
      const shares = (all: readonly number[]) => all.map((share) => percent(share, 1)).join(', ');
      yield ['.2 and .3, then .3 and .4', sent, failed, shares(before), shares(after)];
    },
  },
  {
    name: 'restarts',
    titles: ['restarts of a subgraph with three URLs', 'requests', 'failed'],
    async *rows(measure) {
      const { sent, failed, errors } = await rollingRestart(measure, RESTARTS);
      yield [`${3 * RESTARTS}, one after the other`, sent, counted(failed, errors)];
    },
  },
  {
    name: 'sigterm',
    titles: ['SIGTERM under load', 'requests', 'lost'],
    async *rows(measure) {
      for (let stop = 1; stop <= 3; stop++) {
        const { sent, lost, errors } = await stopUnderLoad(measure);
        yield [`stop ${stop}`, sent, counted(lost, errors)];
      }
    },
  },
];

const RESTARTS = 7;
