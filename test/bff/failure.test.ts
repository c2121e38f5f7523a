import { expect, it } from 'vitest';
import { failure } from '../../src/bff/answering/failure.ts';

const error = (code: string, more: object = {}) => ({ message: code, extensions: { code, ...more } });

it.each([
  ['no memory for an answer', [error('OVERLOADED', { retryAfter: 1 })], undefined, 503, 'overloaded'],
  ['a store that has to be there', [error('SERVICE_UNAVAILABLE')], 503, 503, 'service-unavailable'],
  ['a source that says the same word', [error('OVERLOADED', { service: 'orders' })], undefined, 502, 'source-failed'],
] as const)('%s', (_, errors, decided, status, kind) => {
  expect(failure(errors, decided)).toMatchObject({ status, kind });
});

it('says when to come again', () => {
  expect(failure([error('OVERLOADED', { retryAfter: 1 })]).headers).toEqual({ 'retry-after': '1' });
});
