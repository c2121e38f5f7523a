import { expect, test } from 'vitest';
import { boundHeapGrowth } from '../../src/cli/heap.ts';

test('the growth of the heap is bounded, unless the user has arranged the heap', () => {
  expect(boundHeapGrowth([], {})).toBe(true);
  expect(boundHeapGrowth(['--enable-source-maps'], { NODE_OPTIONS: '--trace-warnings' })).toBe(true);
  expect(boundHeapGrowth(['--max-semi-space-size=64'], {})).toBe(false);
  expect(boundHeapGrowth([], { NODE_OPTIONS: '--max_old_space_size=4096' })).toBe(false);
});
