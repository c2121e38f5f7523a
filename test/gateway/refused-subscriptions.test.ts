import { describe, expect, test } from 'vitest';
import { openEvents } from './event-reader.ts';
import { openSocket } from './open-socket.ts';
import { REFUSING, REFUSING_AGAIN, REFUSING_AT_START } from './refusing-subgraph.ts';

const NOT_TODAY = [{ message: 'not today', extensions: { code: 'CLOSED' } }];
const EXPOSED = [{ message: 'not today', extensions: { code: 'CLOSED', service: 'ticks' } }];
const REFUSED = `event: next\ndata: ${JSON.stringify({ errors: EXPOSED })}\n\n`;
const COMPLETE = 'event: complete\ndata:\n\n';

const START = Object.entries({ ...REFUSING, ...REFUSING_AT_START });

/** Reads the messages of one operation over a WebSocket, up to the last one. */
async function messagesOf(url: string, subprotocol: 'graphql-transport-ws' | 'graphql-ws', query: string) {
  const { send, next } = await openSocket(url, subprotocol);
  send({ type: 'connection_init' });
  await next();
  send({ id: '1', type: subprotocol === 'graphql-ws' ? 'start' : 'subscribe', payload: { query } });
  const messages: unknown[] = [];
  for (;;) {
    const { id, ...message } = (await next()) as { id: string; type: string };
    messages.push(message);
    if (message.type === 'error' || message.type === 'complete') return messages;
  }
}

describe.each(START)('a subgraph that refuses a subscription: %s', (_, start) => {
  test.each(['subscription { maybe }', 'subscription { other: sure }'])(
    'its errors are the only result, without data: %s',
    async (query) => {
      const { url, count } = await start({ errors: NOT_TODAY });
      const { reader } = await openEvents(url, query);
      expect(await reader.until('\n\n')).toBe(REFUSED);
      expect(await reader.until('\n\n')).toBe(COMPLETE);
      expect(count()).toBe(1);
    },
  );
});

describe.each(Object.entries(REFUSING))('a subgraph that ends a subscription: %s', (_, start) => {
  test('its errors follow the events, and it gets no new subscription', async () => {
    const { url, count } = await start({ events: [{ maybe: 1 }, { maybe: 2 }], errors: NOT_TODAY });
    const { reader } = await openEvents(url, 'subscription { maybe }');
    expect(await reader.until('\n\n')).toContain('{"data":{"maybe":1}}');
    expect(await reader.until('\n\n')).toContain('{"data":{"maybe":2}}');
    expect(await reader.until('\n\n')).toBe(REFUSED);
    expect(await reader.until('\n\n')).toBe(COMPLETE);
    expect(count()).toBe(1);
  });
});

test('a subgraph that refuses after a lost connection gets no third subscription', async () => {
  const { url, count } = await REFUSING_AGAIN({ events: [{ maybe: 1 }], errors: NOT_TODAY });
  const { reader } = await openEvents(url, 'subscription { maybe }');
  expect(await reader.until('\n\n')).toContain('{"data":{"maybe":1}}');
  expect(await reader.until('\n\n')).toBe(REFUSED);
  expect(await reader.until('\n\n')).toBe(COMPLETE);
  expect(count()).toBe(2);
});

describe('how clients get the errors', () => {
  const [[, start] = []] = Object.entries(REFUSING);
  const refused = async (errors: readonly object[] = NOT_TODAY) =>
    (await start?.({ events: [{ maybe: 1 }], errors }))?.url ?? '';

  test('an error message (graphql-transport-ws)', async () => {
    const messages = await messagesOf(await refused(), 'graphql-transport-ws', 'subscription { maybe }');
    expect(messages).toEqual([
      { type: 'next', payload: { data: { maybe: 1 } } },
      { type: 'error', payload: EXPOSED },
    ]);
  });

  test('a result, and the end (graphql-ws)', async () => {
    const messages = await messagesOf(await refused(), 'graphql-ws', 'subscription { maybe }');
    expect(messages).toEqual([
      { type: 'data', payload: { data: { maybe: 1 } } },
      { type: 'data', payload: { errors: EXPOSED } },
      { type: 'complete' },
    ]);
  });

  test('a payload, and the end (multipart)', async () => {
    const accept = 'multipart/mixed;subscriptionSpec=1.0';
    const { response } = await openEvents(await refused(), 'subscription { maybe }', { accept }, 'unread');
    const parts = (await response.text()).split(/\r\n---(?:\r\ncontent-type.*\r\n\r\n)?/).filter((part) => part !== '');
    expect(parts).toEqual([
      '{"payload":{"data":{"maybe":1}}}',
      JSON.stringify({ payload: { errors: EXPOSED } }),
      '--\r\n',
    ]);
  });

  test('paths that the subgraph gives are those of the client', async () => {
    const url = await refused([{ message: 'a', path: ['maybe'] }, { message: 'b' }]);
    const [, last] = await messagesOf(url, 'graphql-transport-ws', 'subscription { maybe }');
    const extensions = { code: 'DOWNSTREAM_SERVICE_ERROR', service: 'ticks' };
    const payload = [
      { message: 'a', path: ['maybe'], extensions },
      { message: 'b', extensions },
    ];
    expect(last).toEqual({ type: 'error', payload });
  });
});
