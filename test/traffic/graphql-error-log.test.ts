import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createGraphqlErrorLog } from '../../src/traffic/graphql-error-log.ts';
import { recordingLogger } from '../gateway/serving.ts';

const INTERVAL = 10_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

function errorLog() {
  const { logger, lines } = recordingLogger();
  const log = createGraphqlErrorLog({ logger, intervalMs: INTERVAL });
  const fields = () =>
    lines.map(({ level, codes, responses, withoutData }) => ({ level, codes, responses, withoutData }));
  return { log, fields };
}

test('a burst is one line at once, and one for the rest of the interval', () => {
  const { log, fields } = errorLog();
  for (let at = 0; at < 50; at++) log.record('stock', new Set([at % 2 === 0 ? 'A' : 'B']), true);
  expect(fields()).toEqual([{ level: 'info', codes: ['A'], responses: 1, withoutData: 0 }]);
  vi.advanceTimersByTime(INTERVAL * 3);
  expect(fields().slice(1)).toEqual([{ level: 'info', codes: ['B', 'A'], responses: 49, withoutData: 0 }]);
});

test('responses without data are a warning', () => {
  const { log, fields } = errorLog();
  log.record('stock', new Set(['A']), false);
  expect(fields()).toEqual([{ level: 'warn', codes: ['A'], responses: 1, withoutData: 1 }]);
});

test('each subgraph has its own lines, and a line names ten codes at most', () => {
  const { log, fields } = errorLog();
  log.record('stock', new Set(['A']), true);
  log.record('users', new Set(Array.from({ length: 30 }, (_, at) => `C${at}`)), true);
  expect(fields().map(({ codes }) => (codes as string[]).length)).toEqual([1, 10]);
});

test('when the gateway stops, what no line has counted yet is logged', () => {
  const { log, fields } = errorLog();
  for (let at = 0; at < 3; at++) log.record('stock', new Set(['A']), true);
  log.flush();
  log.flush();
  expect(fields().map(({ responses }) => responses)).toEqual([1, 2]);
});
