import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanaryMonitor } from '../../src/gateway/canary-monitor.ts';

const SETTINGS = { max_error_increase: 0.1, volume_threshold: 10 };

/** A monitor with a clock of its own; `record` takes several operations at once. */
function monitorAt() {
  const clock = { now: 0 };
  const monitor = new CanaryMonitor(SETTINGS, () => clock.now);
  const record = (which: 'canary' | 'current', count: number, isFailure: boolean) => {
    let reason: string | undefined;
    for (let n = 0; n < count; n++) reason = monitor.record(which === 'canary', isFailure) ?? reason;
    return reason;
  };
  return { clock, monitor, record };
}

describe('a canary', () => {
  it('has failed when its share of failures exceeds the other one by more than the limit', () => {
    const { record } = monitorAt();
    record('current', 95, false);
    record('current', 5, true);
    record('canary', 17, false);
    expect(record('canary', 3, true)).toBeUndefined();
    expect(record('canary', 1, true)).toBe(
      '4 of 21 operations failed with the new supergraph, 5 of 100 with the current one',
    );
  });

  it('has not failed before it has had enough operations', () => {
    const { record } = monitorAt();
    record('current', 100, false);
    expect(record('canary', 9, true)).toBeUndefined();
    expect(record('canary', 1, true)).toContain('10 of 10');
  });

  it('has not failed when both fail alike, as in an outage of a subgraph', () => {
    const { record } = monitorAt();
    record('current', 500, true);
    expect(record('canary', 50, true)).toBeUndefined();
  });

  it('is not excused by a long good beginning', () => {
    const { clock, record } = monitorAt();
    record('current', 1_000, false);
    record('canary', 1_000, false);
    clock.now += 120_000;
    record('current', 1_000, false);
    expect(record('canary', 9, true)).toBeUndefined();
    expect(record('canary', 1, true)).toBe(
      '10 of 10 operations failed with the new supergraph, 0 of 1000 with the current one in the last minute',
    );
  });

  it('counts as a list of all operations would', () => {
    const operation = fc.record({ isCanary: fc.boolean(), isFailure: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
        const monitor = new CanaryMonitor(SETTINGS, () => 0);
        operations.forEach(({ isCanary, isFailure }, at) => {
          const hasFailed = monitor.record(isCanary, isFailure) !== undefined;
          const seen = operations.slice(0, at + 1);
          const of = (which: boolean) => seen.filter((one) => one.isCanary === which);
          const share = (which: boolean) => of(which).filter((one) => one.isFailure).length / (of(which).length || 1);
          const isDue = of(true).length >= 10 && share(true) - share(false) > 0.1;
          expect(hasFailed).toBe(isCanary && isFailure && isDue);
        });
      }),
    );
  });
});
