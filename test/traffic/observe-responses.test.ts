import { expect, test } from 'vitest';
import type { SourceFailure, SubgraphResponse } from '../../src/sources/source.ts';
import { observeResponses } from '../../src/traffic/observe-responses.ts';

const MALFORMED: SourceFailure = { code: 'SUBREQUEST_MALFORMED_RESPONSE', message: 'no', reason: 'not JSON' };
const NO_ROWS = [{ extensions: { code: 'NO_ROWS' } }, { extensions: { code: 'FORBIDDEN' } }, {}];

const response = (more: object = {}): SubgraphResponse => ({ kind: 'text', text: '{', status: 200, ...more });

/** An observer of responses, and what it has written to metrics and log. */
function observed() {
  const metrics: string[] = [];
  const log: string[] = [];
  const observer = observeResponses({
    instruments: {
      fetchMalformed: (subgraph, code) => metrics.push(`${subgraph} ${code}`),
      graphqlErrors: (subgraph, code) => metrics.push(`${subgraph} ${code}`),
    },
    outages: { failed: (subgraph, { reason }) => log.push(`${subgraph} ${reason}`) },
    graphqlErrors: { record: (subgraph, codes) => log.push(`${subgraph} ${[...codes]}`) },
  });
  return { observer, metrics, log };
}

test('a response that several requests share counts once in the metrics, and for each request in the log', () => {
  const { observer, metrics, log } = observed();
  const shared = response();
  for (let at = 0; at < 3; at++) observer.failed('stock', shared, MALFORMED);
  observer.failed('stock', response(), MALFORMED);
  expect(metrics).toEqual(Array(2).fill('stock SUBREQUEST_MALFORMED_RESPONSE'));
  expect(log).toEqual(Array(4).fill('stock not JSON'));
});

test('so does what was made from a shared response', () => {
  const { observer, metrics } = observed();
  const shared = response();
  observer.failed('stock', response({ madeFrom: shared }), MALFORMED);
  observer.failed('stock', response({ madeFrom: shared }), MALFORMED);
  observer.graphqlErrors('stock', response({ madeFrom: shared }), [{}], true);
  observer.graphqlErrors('stock', response({ madeFrom: shared }), [{}], true);
  expect(metrics).toEqual(['stock SUBREQUEST_MALFORMED_RESPONSE', 'stock none']);
});

test('a fetch that has counted as failed because of its status does not count again', () => {
  const { observer, metrics, log } = observed();
  observer.failed('stock', response({ status: 500 }), MALFORMED);
  expect([metrics, log]).toEqual([[], ['stock not JSON']]);
});

test('GraphQL errors count once for each code; the metrics have no codes that a subgraph invents', () => {
  const { observer, metrics, log } = observed();
  observer.graphqlErrors('stock', response(), [...NO_ROWS, ...NO_ROWS], true);
  expect(metrics).toEqual(['stock other', 'stock FORBIDDEN', 'stock none']);
  expect(log).toEqual(['stock NO_ROWS,FORBIDDEN,none']);
});

test('errors that report the failure of an API, and what a source has observed itself, are not observed again', () => {
  const { observer, metrics, log } = observed();
  observer.graphqlErrors('api', response({ failed: { code: 'SUBREQUEST_HTTP_ERROR' } }), NO_ROWS, true);
  observer.graphqlErrors('notes', response({ isObserved: true }), NO_ROWS, true);
  observer.failed('notes', response({ isObserved: true }), MALFORMED);
  expect([metrics, log]).toEqual([[], []]);
});
