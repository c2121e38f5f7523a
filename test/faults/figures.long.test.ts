import { expect, test } from 'vitest';
import { builtCli } from '../cli/built-cli.ts';
import { oneOfThree, outage } from './url-figures.ts';

/** A short part of the figures; `figures.proof.test.ts` has all of them. */
const measure = () => ({ cli: builtCli(), perSecond: 100, seconds: 2 });

test('one of three URLs answers with garbage: no client sees it', async () => {
  const { sent, failed, receivedByBad } = await oneOfThree(measure(), 'answers with garbage');
  expect(sent).toBeGreaterThan(100);
  expect(receivedByBad).toBeGreaterThanOrEqual(5);
  expect(failed).toBe(0);
});

test('all URLs refuse connections: each request fails once each URL was tried', async () => {
  const { sent, failed } = await outage(measure(), 'refuses connections', {}, 0);
  expect(sent).toBeGreaterThan(100);
  expect(failed).toBeGreaterThan(0.9 * sent);
});
