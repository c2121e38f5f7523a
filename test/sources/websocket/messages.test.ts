import { describe, expect, test } from 'vitest';
import { readServerMessage, subscribeMessage } from '../../../src/sources/websocket/messages.ts';

describe('messages of a subgraph', () => {
  test('numbers keep their digits', () => {
    const message = readServerMessage('{"id":"1","type":"next","payload":{"data":{"n":12345678901234567890}}}');
    expect(message).toEqual({ type: 'next', id: '1', result: '{"data":{"n":12345678901234567890}}' });
  });

  test.each([
    ['{"type":"connection_ack"}', { type: 'ack' }],
    ['{"type":"ka"}', { type: 'ignored' }],
    ['{"id":"1","type":"data","payload":{"data":null}}', { type: 'next', id: '1', result: '{"data":null}' }],
    ['{"id":"1","type":"error","payload":{"message":"no"}}', { type: 'error', id: '1', errors: '[{"message":"no"}]' }],
    ['{"type":"connection_error","payload":{"message":"no"}}', { type: 'refused', reason: 'no' }],
    ['{"type":"next"}', undefined],
    ['[', undefined],
  ])('%s', (text, message) => {
    expect(readServerMessage(text)).toEqual(message);
  });

  test('a body is sent as it is', () => {
    expect(subscribeMessage('graphql-ws', '1', '{"query":"{a}"}')).toBe(
      '{"id":"1","type":"start","payload":{"query":"{a}"}}',
    );
  });
});
