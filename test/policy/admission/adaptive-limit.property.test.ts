import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AdaptiveLimit,
  type AdaptiveLimitSettings,
  INTERVAL_MS,
  MIN_SAMPLES,
} from '../../../src/policy/admission/adaptive-limit.ts';
import { runs } from '../../runs.ts';
import { BusyLoop } from './busy-loop.ts';

const SETTINGS: AdaptiveLimitSettings = { min: 10, max: 1_000, targetDelayMs: 20, priorityShare: 0 };

/** One interval in which every delay is this long. */
function interval(limit: AdaptiveLimit, delayMs: number, now: number): number {
  for (let sample = 1; sample <= 20; sample++) limit.observe(delayMs, now + (sample * INTERVAL_MS) / 20);
  return now + INTERVAL_MS;
}

const enter = (limit: AdaptiveLimit, count: number) => {
  for (let n = 0; n < count; n++) limit.enter();
};

describe('the limit', () => {
  it('begins with `max`, and becomes a part of what is in progress when the loop is late', () => {
    const limit = new AdaptiveLimit(SETTINGS, 0);
    enter(limit, 200);
    expect(limit.limit).toBe(1_000);
    let now = interval(limit, 25, 0);
    expect(limit.limit).toBe(160);
    // 200 are in progress still: what was decided has no effect yet
    now = interval(limit, 25, now);
    expect(limit.limit).toBe(160);
    for (let n = 0; n < 100; n++) limit.leave();
    interval(limit, 400, now);
    expect(limit.limit).toBe(80);
  });

  it('grows by its square root while the loop is on time, up to `max`', () => {
    const limit = new AdaptiveLimit({ ...SETTINGS, max: 130 }, 0);
    enter(limit, 110);
    let now = interval(limit, 21, 0);
    expect(limit.limit).toBe(99);
    for (let n = 0; n < 110; n++) limit.leave();
    const limits = [1, 2, 3, 4].map(() => {
      now = interval(limit, 20, now);
      return limit.limit;
    });
    // 110 were in progress when the first interval began
    expect(limits).toEqual([109, 120, 130, 130]);
  });

  it('grows from the requests in progress when there are more of them than it allows, and the loop is on time', () => {
    const limit = new AdaptiveLimit(SETTINGS, 0);
    enter(limit, 50);
    const now = interval(limit, 400, 0);
    expect(limit.limit).toBe(25);
    interval(limit, 0, now);
    expect(limit.limit).toBe(50 + 8);
  });

  it('is not changed by one long task, nor by a process that was suspended', () => {
    const limit = new AdaptiveLimit({ ...SETTINGS, max: 100 }, 0);
    enter(limit, 100);
    limit.observe(0, 10);
    limit.observe(5_000, 5_010);
    limit.observe(5_000, 10_020);
    expect(limit.limit).toBe(100);
    // too few delays to say something
    limit.observe(5_000, 15_030);
    limit.observe(5_000, 20_040);
    expect(limit.limit).toBe(100);
  });

  it('is at least ten times `min` while most requests are refused: then refusals make the loop late', () => {
    const limit = new AdaptiveLimit(SETTINGS, 0);
    enter(limit, 20);
    let now = interval(limit, 400, 0);
    expect(limit.limit).toBe(10);
    for (let n = 0; n < 20; n++) limit.leave();
    const limits = Array.from({ length: 30 }, () => {
      for (let n = 0; n < 3; n++) limit.refuse();
      enter(limit, 1);
      limit.leave();
      now = interval(limit, 400, now);
      return limit.limit;
    });
    expect([limits[0], Math.max(...limits), Math.min(...limits.slice(-10))]).toEqual([10, 108, 100]);
    for (let n = 0; n < 2; n++) limit.refuse();
    enter(limit, 1);
    limit.leave();
    interval(limit, 400, now);
    expect(limit.limit).toBe(10);
  });

  it('leaves a part to requests with priority, and at least one place to others', () => {
    const limit = new AdaptiveLimit({ ...SETTINGS, min: 1, max: 10, priorityShare: 0.2 }, 0);
    enter(limit, 7);
    expect([limit.hasRoom(false), limit.hasRoom(true)]).toEqual([true, true]);
    enter(limit, 1);
    expect([limit.hasRoom(false), limit.hasRoom(true)]).toEqual([false, true]);
    enter(limit, 2);
    expect([limit.hasRoom(false), limit.hasRoom(true)]).toEqual([false, false]);
    expect(new AdaptiveLimit({ ...SETTINGS, max: 1, priorityShare: 0.9 }, 0).hasRoom(false)).toBe(true);
  });

  const step = fc.record({
    requests: fc.integer({ min: -50, max: 50 }),
    refused: fc.oneof(fc.constant(0), fc.nat(500)),
    delayMs: fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0, max: 2_000, noNaN: true })),
    afterMs: fc.integer({ min: 1, max: 300 }),
  });

  it('is that of a model that keeps every delay', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const limit = new AdaptiveLimit(SETTINGS, 0);
        const model = { limit: SETTINGS.max, delays: [] as number[], inProgress: [0], begin: 0, refused: 0, ended: 0 };
        let now = 0;
        for (const { requests, refused, delayMs, afterMs } of steps) {
          const before = model.inProgress.at(-1) as number;
          const after = Math.max(0, before + requests);
          for (let n = before; n < after; n++) limit.enter();
          for (let n = before; n > after; n--) limit.leave();
          for (let n = 0; n < refused; n++) limit.refuse();
          model.inProgress.push(after);
          model.refused += refused;
          model.ended += Math.max(0, before - after);
          now += afterMs;
          model.delays.push(delayMs);
          limit.observe(delayMs, now);
          if (now - model.begin >= INTERVAL_MS && model.delays.length >= MIN_SAMPLES) {
            const least = Math.min(...model.delays);
            const known = Math.max(model.limit, after);
            const smallest = model.refused > 2 * model.ended ? 100 : 10;
            if (least <= 20 || model.limit < smallest)
              model.limit = Math.min(1_000, known + Math.ceil(Math.sqrt(known)));
            else if (after <= model.limit) {
              const part = Math.min(0.9, Math.max(0.5, 20 / least));
              model.limit = Math.max(smallest, Math.floor(Math.min(model.limit, Math.max(...model.inProgress)) * part));
            }
            Object.assign(model, { delays: [], inProgress: [after], begin: now, refused: 0, ended: 0 });
          }
          expect([limit.limit, limit.running]).toEqual([model.limit, after]);
          expect(limit.hasRoom(true)).toBe(after < model.limit);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('a gateway with the limit', () => {
  const SIMULATED: AdaptiveLimitSettings = { ...SETTINGS, max: 10_000 };

  it('keeps its delay short when twice as many requests come as it can serve, and serves as many as it can', () => {
    const loop = new BusyLoop(SIMULATED);
    const load = { every: 0.5, work: 1, wait: 30, duration: 20_000 };
    loop.run(load);
    const later = loop.run(load);
    // 20,000 requests would be possible if refusals cost nothing
    expect(later.served).toBeGreaterThan(15_000);
    expect(later.longestWait).toBeLessThan(400);
  });

  it('refuses nothing while the loop is on time, however slow subgraphs are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 2, max: 20, noNaN: true }), (wait, every) => {
        const loop = new BusyLoop(SIMULATED);
        expect(loop.run({ every, work: 1, wait, duration: 20_000 }).refused).toBe(0);
        expect(loop.limit.limit).toBe(10_000);
      }),
      { numRuns: runs(50) },
    );
  });

  it('makes room after an overload for requests that wait for a slow subgraph', () => {
    const loop = new BusyLoop(SIMULATED);
    loop.run({ every: 0.5, work: 1, wait: 10, duration: 10_000 });
    const small = loop.limit.limit;
    expect(small).toBeLessThan(300);
    loop.run({ every: 10, work: 1, wait: 10_000, duration: 30_000 });
    const { refused } = loop.run({ every: 10, work: 1, wait: 10_000, duration: 30_000 });
    expect(refused).toBe(0);
    expect(loop.limit.limit).toBeGreaterThan(1_000);
  });
});
