import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Endpoint } from '../../src/traffic/endpoint.ts';
import { OutlierDetection, type OutlierSettings } from '../../src/traffic/outlier-detection.ts';
import { runs } from '../runs.ts';

const SETTINGS: OutlierSettings = { consecutiveFailures: 3, interval: 10_000, ejectionTime: 30_000, maxEjected: 0.7 };

function group(size: number, settings: Partial<OutlierSettings> = {}) {
  const endpoints = Array.from(
    { length: size },
    (_, at) => new Endpoint({ url: `http://host-${at}.test/`, weight: 1, priority: 0 }),
  );
  return { endpoints, outliers: new OutlierDetection(endpoints, { ...SETTINGS, ...settings }) };
}

describe('outlier detection', () => {
  it('ejects after so many failures in a row, and a success starts anew', () => {
    const { endpoints, outliers } = group(3);
    const [one] = endpoints as [Endpoint];
    const outcomes = [false, false, true, false, false, false].map((isGood) =>
      isGood ? outliers.succeeded(one, 0) : outliers.failed(one, 0),
    );
    expect(outcomes).toEqual([undefined, undefined, false, undefined, undefined, 30_000]);
    expect([one.isAvailable(29_999), one.isAvailable(30_000)]).toEqual([false, true]);
  });

  it('ejects again after one failure of the probation, for longer, up to ten times', () => {
    const { endpoints, outliers } = group(3, { consecutiveFailures: 1 });
    const [one] = endpoints as [Endpoint];
    const times = Array.from({ length: 12 }, () => outliers.failed(one, one.ejectedUntil));
    expect(times.map((ms) => (ms ?? 0) / 30_000)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]);
    expect(outliers.succeeded(one, one.ejectedUntil)).toBe(true);
    // each interval in use makes the next ejection a step shorter
    expect(outliers.failed(one, one.ejectedUntil + 4 * 10_000)).toBe(7 * 30_000);
  });

  it('sends one request at a time to a URL on probation', () => {
    const { endpoints, outliers } = group(2, { consecutiveFailures: 1 });
    const [one] = endpoints as [Endpoint];
    outliers.failed(one, 0);
    expect(one.isAvailable(30_000)).toBe(true);
    one.isProbed = true;
    expect(one.isAvailable(30_000)).toBe(false);
  });

  it('never ejects more than its share, and never the last that is available', () => {
    const step = fc.record({ at: fc.nat(5), isGood: fc.boolean(), ms: fc.nat(20_000), isUnhealthy: fc.boolean() });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 10 }),
        fc.array(step, { maxLength: 60 }),
        (size, tenths, steps) => {
          const { endpoints, outliers } = group(size, { consecutiveFailures: 2, maxEjected: tenths / 10 });
          let now = 0;
          for (const { at, isGood, ms, isUnhealthy } of steps) {
            now += ms;
            const endpoint = endpoints[at % size] as Endpoint;
            const wereAvailable = endpoints.filter((one) => one.isAvailable(now)).length;
            if (isGood) outliers.succeeded(endpoint, now);
            else outliers.failed(endpoint, now);
            const ejected = endpoints.filter((one) => one.isEjected(now)).length;
            expect(ejected).toBeLessThanOrEqual(Math.max(1, Math.floor((size * tenths) / 10)));
            if (wereAvailable > 0) expect(endpoints.some((one) => one.isAvailable(now))).toBe(true);
            if (endpoints.filter((one) => !one.isUnhealthy).length > 1 || endpoint.isUnhealthy)
              endpoint.isUnhealthy = isUnhealthy && endpoints.some((one) => one !== endpoint && one.isAvailable(now));
          }
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
