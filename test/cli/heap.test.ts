import { describe, expect, test } from 'vitest';
import { configureHeap, workerFlags } from '../../src/cli/heap.ts';

const LARGER = '--max-semi-space-size=32';

describe('the growth of the old generation is bounded', () => {
  test.each([
    { argv: [] },
    { argv: ['--enable-source-maps'], NODE_OPTIONS: '--trace-warnings' },
    // the young generation is another matter
    { argv: ['--max-semi-space-size=64'] },
    { argv: [], NODE_OPTIONS: '--max_semi_space_size=64' },
    { argv: ['--min-semi-space-size=8', '--semi-space-growth-factor=3'] },
  ])('with $argv, NODE_OPTIONS=$NODE_OPTIONS', ({ argv, NODE_OPTIONS }) => {
    expect(configureHeap(argv, { NODE_OPTIONS })).toBe(true);
  });

  test.each([
    { argv: [], NODE_OPTIONS: '--max_old_space_size=4096' },
    { argv: ['--max-old-space-size=4096', LARGER] },
    { argv: ['--initial-heap-size=100'] },
    { argv: ['--max-heap-size=4096'] },
    { argv: ['--heap-growing-percent=100'] },
    { argv: ['--optimize-for-size'] },
  ])('but not with $argv, NODE_OPTIONS=$NODE_OPTIONS', ({ argv, NODE_OPTIONS }) => {
    expect(configureHeap(argv, { NODE_OPTIONS })).toBe(false);
  });
});

describe('workers have a larger young generation', () => {
  test('beside the flags of the primary process', () => {
    expect(workerFlags([], {})).toEqual([LARGER]);
    expect(workerFlags(['--enable-source-maps'], { NODE_OPTIONS: '--trace-warnings' })).toEqual([
      '--enable-source-maps',
      LARGER,
    ]);
  });

  test('and the growth of their old generation is bounded, too', () => {
    expect(configureHeap(workerFlags([], {}), {})).toBe(true);
  });

  test.each([
    { argv: ['--max-semi-space-size=64'] },
    { argv: [], NODE_OPTIONS: '--max-semi-space-size=64' },
    { argv: [], NODE_OPTIONS: '--max-old-space-size=512' },
    { argv: ['--optimize-for-size'] },
  ])('but not with $argv, NODE_OPTIONS=$NODE_OPTIONS', ({ argv, NODE_OPTIONS }) => {
    expect(workerFlags(argv, { NODE_OPTIONS })).toEqual(argv);
  });
});
