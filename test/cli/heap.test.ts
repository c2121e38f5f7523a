import { expect, test } from 'vitest';
import { limitHeapGrowth } from '../../src/cli/heap.ts';

test('the growth of the heap is bounded, unless the user has arranged the heap', () => {
  expect(limitHeapGrowth([], {})).toBe(true);
  expect(limitHeapGrowth(['--enable-source-maps'], { NODE_OPTIONS: '--trace-warnings' })).toBe(true);
  expect(limitHeapGrowth(['--max-semi-space-size=64'], {})).toBe(false);
  expect(limitHeapGrowth([], { NODE_OPTIONS: '--max_old_space_size=4096' })).toBe(false);
});
