import { describe, expect, test } from 'vitest';
import { builtCli } from '../cli/built-cli.ts';
import { dnsChange, rollingRestart, stopUnderLoad } from './change-figures.ts';
import { besideHung, hedged } from './latency-figures.ts';
import { ONE_OF_THREE, OUTAGES, oneOfThree, outage } from './url-figures.ts';

const measure = () => ({ cli: builtCli(), perSecond: 200, seconds: 12 });

/** Requests on their way when a fault begins or ends: they count on one side only. */
const AT_THE_EDGES = 10;

describe('one of three URLs', () => {
  test.each(ONE_OF_THREE)('%s: at most 0.1 % of requests fail, and none after the first ejection', async (fault) => {
    const { sent, failed, failedLater, amplification } = await oneOfThree(measure(), fault);
    expect(failed).toBeLessThanOrEqual(sent / 1_000);
    expect(failedLater).toBe(0);
    expect(amplification).toBeLessThanOrEqual(1.2 + AT_THE_EDGES / sent);
  });
});

describe('an outage of all URLs', () => {
  test.each(OUTAGES)(
    '%s: the subgraph gets at most 1.2 times its load, and it ends for clients, too',
    async (fault) => {
      const { sent, amplification, lateFailures } = await outage(measure(), fault);
      expect(sent).toBeGreaterThan(1_000);
      expect(amplification).toBeLessThanOrEqual(1.2 + AT_THE_EDGES / sent);
      expect(lateFailures).toBe(0);
    },
  );

  test.each(OUTAGES)('%s: with a circuit breaker, the subgraph gets less than its load', async (fault) => {
    const { amplification, lateFailures } = await outage(measure(), fault, { circuit_breaker: {} });
    expect(amplification).toBeLessThan(0.5);
    expect(lateFailures).toBe(0);
  });
});

test('one of five subgraphs hangs: no query to the others fails', async () => {
  const { sent, failed } = await besideHung(measure());
  expect(sent).toBeGreaterThan(1_000);
  expect(failed).toBe(0);
});

test('hedge: a subgraph of which 5 % of the answers are slow gets at most 1.2 times its load, and no request fails', async () => {
  const { failed, amplification, sent } = await hedged(measure());
  expect(failed).toBe(0);
  expect(amplification).toBeGreaterThan(1);
  expect(amplification).toBeLessThanOrEqual(1.2 + AT_THE_EDGES / sent);
});

test('addresses of a host change: no request fails, the new address gets its share, and the old one nothing', async () => {
  const { failed, before, after } = await dnsChange(measure());
  expect(failed).toBe(0);
  expect(before.map((share) => share > 0)).toEqual([true, true, false]);
  expect(after.map((share) => share > 0)).toEqual([false, true, true]);
});

test('three URLs restart one after the other, seven times: no query fails', async () => {
  const { sent, failed } = await rollingRestart(measure(), 7);
  expect(sent).toBeGreaterThan(1_000);
  expect(failed).toBe(0);
});

test('SIGTERM under load of clients that keep their connections: no request is lost', async () => {
  for (let stop = 0; stop < 3; stop++) expect((await stopUnderLoad(measure())).lost).toBe(0);
});
