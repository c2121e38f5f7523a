import { describe, expect, it } from 'vitest';
import type { Limit } from '../../../src/policy/rate-limits/limit.ts';
import type { LimitDecision } from '../../../src/policy/rate-limits/limiter.ts';
import { createMemoryLimiter } from '../../../src/policy/rate-limits/memory-limiter.ts';
import { START } from './arbitrary.ts';

const times = (limit: number): Limit => ({
  name: `${limit} a minute`,
  algorithm: 'TOKEN_BUCKET',
  limit,
  windowMs: 60_000,
  capacity: limit,
});
const check = (key: string, limit: number, weight = 1) => ({ limit: times(limit), key, weight });
const shown = (all: readonly LimitDecision[]) =>
  all.map(({ allowed, remaining }) => `${allowed ? 'yes' : 'no'}, ${remaining}`);

describe('the limits of one request', () => {
  const limiter = () => createMemoryLimiter({ now: () => START });

  it('count together or not at all', () => {
    const { check: ask } = limiter();
    const whole = [check('client', 5), check('everyone', 1)];
    expect(shown(ask({ whole, parts: [] }).whole)).toEqual(['yes, 4', 'yes, 0']);
    expect(shown(ask({ whole, parts: [] }).whole)).toEqual(['yes, 4', 'no, 0']);
    expect(shown(ask({ whole: [check('client', 5)], parts: [] }).whole)).toEqual(['yes, 3']);
  });

  it('are not asked about parts when the whole is refused', () => {
    const { check: ask } = limiter();
    const parts = [[check('search', 1)]];
    expect(ask({ whole: [check('client', 1, 2)], parts })).toMatchObject({ parts: [[]] });
    expect(shown(ask({ whole: [check('client', 1)], parts }).parts.flat())).toEqual(['yes, 0']);
  });

  it('leave out one part, and count the others', () => {
    const { check: ask } = limiter();
    const parts = [[check('search', 1, 2), check('fields', 9)], [check('report', 3)]];
    expect(ask({ whole: [], parts }).parts.map(shown)).toEqual([['no, 1', 'yes, 9'], ['yes, 2']]);
  });

  it('keep no more meters than they may', () => {
    const { check: ask } = createMemoryLimiter({ now: () => START, maxMeters: 2 });
    const use = (key: string) => shown(ask({ whole: [check(key, 5)], parts: [] }).whole)[0];
    expect(['a', 'b', 'a', 'c', 'a', 'b'].map(use)).toEqual([
      'yes, 4',
      'yes, 4',
      'yes, 3',
      'yes, 4',
      'yes, 2',
      'yes, 4',
    ]);
  });
});
