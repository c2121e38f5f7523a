import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { foldRepeats } from '../../src/telemetry/fold-repeats.ts';
import { recordingLogger } from '../gateway/serving.ts';

const INTERVAL = 10_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

function folding() {
  const { logger, lines } = recordingLogger();
  const folded = foldRepeats(logger, INTERVAL);
  return { folded, lines: () => lines.map(({ time: _, ...line }) => line) };
}

test('the first of a burst is logged at once, and the rest is one line at the end of each interval', () => {
  const { folded, lines } = folding();
  const fail = (requestId: string) =>
    folded.error({ requestId, code: 'SUBREQUEST_HTTP_ERROR', subgraph: 'stock' }, 'operation failed');
  fail('r1');
  const first = {
    level: 'error',
    requestId: 'r1',
    code: 'SUBREQUEST_HTTP_ERROR',
    subgraph: 'stock',
    msg: 'operation failed',
  };
  expect(lines()).toEqual([first]);
  for (let at = 2; at <= 100; at++) fail(`r${at}`);
  expect(lines()).toHaveLength(1);
  vi.advanceTimersByTime(INTERVAL);
  expect(lines().slice(1)).toEqual([{ ...first, requestId: 'r100', repeated: 99 }]);
  fail('r101');
  vi.advanceTimersByTime(INTERVAL);
  expect(lines().slice(2)).toEqual([{ ...first, requestId: 'r101', repeated: 1 }]);
});

test('after a quiet interval, an error is the first of a burst again', () => {
  const { folded, lines } = folding();
  folded.warn({ requestId: 'r1' }, 'too expensive');
  vi.advanceTimersByTime(INTERVAL);
  folded.warn({ requestId: 'r2' }, 'too expensive');
  expect(lines()).toEqual([
    { level: 'warn', requestId: 'r1', msg: 'too expensive' },
    { level: 'warn', requestId: 'r2', msg: 'too expensive' },
  ]);
});

test.each([
  ['code', { code: 'A' }, { code: 'B' }],
  ['subgraph', { subgraph: 'users' }, { subgraph: 'stock' }],
  ['reason', { reason: 'refused' }, { reason: 'reset' }],
  ['error', { err: new Error('one') }, { err: new Error('other') }],
  [
    'code of a GraphQL error',
    { errors: [{ message: 'm', extensions: { code: 'A' } }] },
    { errors: [{ message: 'm', extensions: { code: 'B' } }] },
  ],
])('an error with another %s is another error', (_what, one, other) => {
  const { folded, lines } = folding();
  folded.error({ requestId: 'r1', ...one }, 'failed');
  folded.error({ requestId: 'r2', ...other }, 'failed');
  expect(lines()).toHaveLength(2);
});

test.each([
  ['operation', { operation: 'A' }, { operation: 'B' }],
  ['address', { ip: '192.0.2.1' }, { ip: '192.0.2.2' }],
  [
    'path of a GraphQL error',
    { errors: [{ message: 'm', path: ['a', 0], extensions: { code: 'A' } }] },
    { errors: [{ message: 'n', path: ['a', 7], extensions: { code: 'A' } }] },
  ],
])('an error with another %s is the same error', (_what, one, other) => {
  const { folded, lines } = folding();
  folded.error({ requestId: 'r1', ...one }, 'failed');
  folded.error({ requestId: 'r2', ...other }, 'failed');
  expect(lines()).toHaveLength(1);
});

test('lines that are about no request, or no error, are never folded', () => {
  const { folded, lines } = folding();
  for (let at = 0; at < 3; at++) {
    folded.error({ subgraph: 'stock' }, 'circuit breaker open');
    folded.info({ requestId: 'r' }, 'invalid credential');
  }
  expect(lines()).toHaveLength(6);
});

test('what is not logged yet is logged when the gateway stops', () => {
  const { folded, lines } = folding();
  for (const requestId of ['r1', 'r2', 'r3']) folded.child({ part: 'bff' }).error({ requestId }, 'failed');
  folded.flush();
  expect(lines()).toEqual([
    { level: 'error', part: 'bff', requestId: 'r1', msg: 'failed' },
    { level: 'error', part: 'bff', requestId: 'r3', repeated: 2, msg: 'failed' },
  ]);
  vi.advanceTimersByTime(INTERVAL * 2);
  expect(lines()).toHaveLength(2);
});

test('a client cannot fill the memory with errors of its own: beyond a bound, the message alone counts', () => {
  const { folded, lines } = folding();
  for (let at = 0; at < 2_000; at++) folded.error({ requestId: `r${at}`, reason: `text ${at}` }, 'failed');
  expect(lines()).toHaveLength(501);
  vi.advanceTimersByTime(INTERVAL);
  expect(lines().at(-1)).toMatchObject({ repeated: 1_499, reason: 'text 1999' });
});
