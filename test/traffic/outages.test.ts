import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Source, SubgraphResponse } from '../../src/sources/source.ts';
import { createOutages } from '../../src/traffic/outages.ts';
import { recordingLogger } from '../gateway/serving.ts';

const INTERVAL = 10_000;
const GOOD: SubgraphResponse = { kind: 'text', text: '{"data":{}}\n', status: 200 };
const REFUSED: SubgraphResponse = {
  kind: 'failure',
  failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'no', reason: 'connection refused' },
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

/** A subgraph that responds as configured, behind a log of its outages. */
function stock() {
  const { logger, lines } = recordingLogger();
  let next: SubgraphResponse = GOOD;
  const source: Source = { name: 'stock', send: (_, done) => done(next), close: async () => {} };
  const outages = createOutages({ logger, intervalMs: INTERVAL });
  const watched = outages.watch(source);
  return {
    flush: () => outages.flush(),
    lines: () =>
      lines.map(({ msg, level, subgraph, reason, requests }) => ({ msg, level, subgraph, reason, requests })),
    /** @param malformed why the response cannot be used, which only shows when it is parsed */
    ask(answer: SubgraphResponse, times = 1, { aborted = false, malformed = '' } = {}) {
      next = answer;
      const done = () => {
        if (malformed) outages.failed('stock', { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason: malformed });
      };
      const signal = { aborted, addEventListener() {}, removeEventListener() {} };
      const client = { requestId: 'r', headers: {}, signal };
      for (let at = 0; at < times; at++) watched.send({ body: '', operationType: 'query', client }, done);
    },
  };
}

const line = (msg: string, requests: number, reason: string | undefined = 'connection refused') => ({
  msg,
  level: msg === 'subgraph recovered' ? 'info' : 'warn',
  subgraph: 'stock',
  reason,
  requests,
});

test('a burst of failures is one line at once, and one for the rest of each interval', () => {
  const { ask, lines } = stock();
  ask(REFUSED, 100);
  expect(lines()).toEqual([line('subgraph failing', 1)]);
  vi.advanceTimersByTime(INTERVAL);
  ask(REFUSED, 7);
  vi.advanceTimersByTime(INTERVAL);
  vi.advanceTimersByTime(INTERVAL * 5);
  expect(lines().slice(1)).toEqual([line('subgraph still failing', 99), line('subgraph still failing', 7)]);
});

test('the first good answer is a line, with how many requests have failed', () => {
  const { ask, lines } = stock();
  ask(GOOD);
  ask(REFUSED, 3);
  ask(GOOD, 5);
  vi.advanceTimersByTime(INTERVAL * 3);
  expect(lines()).toEqual([line('subgraph failing', 1), { ...line('subgraph recovered', 3), reason: undefined }]);
});

test('one that fails every second time does not fill the log', () => {
  const { ask, lines } = stock();
  for (let at = 0; at < 1_000; at++) ask(at % 2 === 0 ? REFUSED : GOOD);
  expect(lines()).toHaveLength(2);
  vi.advanceTimersByTime(INTERVAL);
  const recovered = (requests: number) => ({ ...line('subgraph recovered', requests), reason: undefined });
  expect(lines().slice(2)).toEqual([line('subgraph failing', 499), recovered(499)]);
});

test('malformed responses, and an API that is down, are failures, too', () => {
  const { ask, lines } = stock();
  ask(GOOD, 1, { malformed: 'not JSON' });
  ask(GOOD);
  vi.advanceTimersByTime(INTERVAL);
  ask({ ...GOOD, failed: { code: 'SUBREQUEST_TIMEOUT', reason: 'no connection in time' } });
  expect(lines().filter(({ level }) => level === 'warn')).toEqual([
    line('subgraph failing', 1, 'not JSON'),
    line('subgraph failing', 1, 'no connection in time'),
  ]);
});

test('a malformed response is no recovery', () => {
  const { ask, lines } = stock();
  ask(GOOD, 5, { malformed: 'not JSON' });
  vi.advanceTimersByTime(INTERVAL);
  expect(lines()).toEqual([line('subgraph failing', 1, 'not JSON'), line('subgraph still failing', 4, 'not JSON')]);
});

test('an API that refuses a call works', () => {
  const { ask, lines } = stock();
  ask({ ...GOOD, failed: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'HTTP status 403', status: 403 } });
  expect(lines()).toEqual([]);
  ask({ ...GOOD, failed: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'HTTP status 502', status: 502 } });
  expect(lines()).toEqual([line('subgraph failing', 1, 'HTTP status 502')]);
});

test('what nobody waits for any more, and what the gateway itself does not send, are no failures of the subgraph', () => {
  const { ask, lines } = stock();
  ask(REFUSED, 1, { aborted: true });
  ask({ kind: 'failure', failure: { code: 'RATE_LIMITED', message: 'too many' } });
  expect(lines()).toEqual([]);
});

test('when the gateway stops, what no line has counted yet is logged', () => {
  const { ask, flush, lines } = stock();
  ask(REFUSED, 4);
  flush();
  expect(lines()).toEqual([line('subgraph failing', 1), line('subgraph still failing', 3)]);
  flush();
  vi.advanceTimersByTime(INTERVAL * 3);
  expect(lines()).toHaveLength(2);
});
