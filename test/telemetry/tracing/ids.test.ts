import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTraceParent } from '../../../src/shared/trace-context.ts';
import {
  digitsOf,
  randomWords,
  spanIdIn,
  traceIdIn,
  traceParentOf,
  wordsOf,
} from '../../../src/telemetry/tracing/ids.ts';

test('a traceparent has the digits of its words, and a flag', () => {
  const trace = wordsOf('4bf92f3577b34da6a3ce929d0e0e4736');
  const header = traceParentOf(trace, 0x00f067aa, 0x0ba902b7, true);
  expect(header).toBe('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
  expect(traceIdIn(header)).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  expect(spanIdIn(header)).toBe('00f067aa0ba902b7');
});

test('whatever words it has, a traceparent is read again as it was written', () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), word, word, fc.boolean(), (trace, high, low, isSampled) => {
      const [traceId, spanId] = [digitsOf(trace), digitsOf([high, low])];
      // zero is no id
      fc.pre(/[^0]/.test(traceId) && /[^0]/.test(spanId));
      expect(wordsOf(traceId)).toEqual(trace);
      expect(readTraceParent(traceParentOf(trace, high, low, isSampled))).toEqual({ traceId, spanId, isSampled });
    }),
  );
});

test('no two traces have one id', () => {
  const ids = Array.from({ length: 5_000 }, () => digitsOf(randomWords()));
  expect(new Set(ids).size).toBe(5_000);
});
