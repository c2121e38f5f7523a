import { expect, test } from 'vitest';
import { KnownRequests } from '../../src/bff/caching/known-requests.ts';

test('memory is bounded: long requests are not remembered, and of many the latest', () => {
  const known = new KnownRequests();
  const request = { key: 'k', variables: {} };
  known.set('x'.repeat(5_000), request);
  expect(known.get('x'.repeat(5_000))).toBeUndefined();
  for (let i = 0; i < 20_000; i++) known.set(`/bff/web/${i}`, request);
  expect(known.get('/bff/web/0')).toBeUndefined();
  expect(known.get('/bff/web/19999')).toBe(request);
});
