import { expect, test } from 'vitest';
import { shutdownSection, stopLimit } from '../../../src/config/sections/shutdown.ts';

const limit = (delay: string, grace: string) => stopLimit({ shutdown: shutdownSection.parse({ delay, grace }) });

test('a process may take a little longer to stop than its delay and its grace', () => {
  expect(limit('2s', '25s')).toBe(37_000);
});

test('the longest delay and grace together are no longer than a timer takes: it would fire at once', () => {
  expect(limit('24d', '24d')).toBeLessThan(2 ** 31);
  expect(limit('24d', '24d')).toBe(24 * 86_400_000);
});
