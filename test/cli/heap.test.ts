import { expect, test } from 'vitest';
import { configureHeap } from '../../src/cli/heap.ts';

test('the growth of the heap is bounded, unless the user has arranged the heap', () => {
  expect(configureHeap([], {})).toBe(true);
  expect(configureHeap(['--enable-source-maps'], { NODE_OPTIONS: '--trace-warnings' })).toBe(true);
  expect(configureHeap(['--max-semi-space-size=64'], {})).toBe(false);
  expect(configureHeap([], { NODE_OPTIONS: '--max_old_space_size=4096' })).toBe(false);
});
