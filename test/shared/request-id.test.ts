import { expect, it } from 'vitest';
import { requestIdOf } from '../../src/shared/request-id.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

it('is the one that the client has sent', () => {
  expect(requestIdOf({ 'x-request-id': 'trace:1/2.3=4@5~6-7+8_9' })).toBe('trace:1/2.3=4@5~6-7+8_9');
});

it('has no character that could do harm in logs and headers, and at most 128', () => {
  expect(requestIdOf({ 'x-request-id': 'a b"c<d>\u00e9e' })).toBe('abcde');
  expect(requestIdOf({ 'x-request-id': 'x'.repeat(200) })).toBe('x'.repeat(128));
});

it.each([[{}], [{ 'x-request-id': '' }], [{ 'x-request-id': '"" <>' }]])(
  'is a new UUID where %j has none',
  (headers) => {
    const [first, second] = [requestIdOf(headers), requestIdOf(headers)];
    expect(first).toMatch(UUID);
    expect(second).not.toBe(first);
  },
);
