import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { openReady } from './ready-websocket.ts';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

/** More large responses than the kernel takes for a client. */
const MANY = 1_000;
const LARGE = 'x'.repeat(100_000);

/** Opens a connection whose bytes the test writes itself, after the handshake. */
async function openRaw(
  url: string,
  headers = '',
  key = randomBytes(16).toString('base64'),
  allowHalfOpen = false,
): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(
    `GET /graphql HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
      `sec-websocket-key: ${key}\r\nsec-websocket-protocol: graphql-transport-ws\r\n${headers}\r\n`,
  );
  return socket;
}

/** Returns a masked frame (RFC 6455, section 5.2) with a mask of zeros. */
function frame(first: number, payload: string | Buffer, mask = 0x80): Buffer {
  const body = Buffer.from(payload);
  const length = body.length < 126 ? [mask | body.length] : [mask | 126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([first, ...length]), Buffer.alloc(mask === 0 ? 0 : 4), body]);
}

const [TEXT, CONTINUATION, FIN, COMPRESSED] = [0x1, 0x0, 0x80, 0x40];

/** Returns the code with which the gateway closes a connection after these bytes. */
async function codeAfter(url: string, ...frames: Buffer[]): Promise<number> {
  const socket = await openRaw(url);
  await once(socket, 'data');
  for (const bytes of frames) socket.write(bytes);
  const [close] = (await once(socket, 'data')) as [Buffer];
  expect(close[0]).toBe(0x88);
  return close.readUInt16BE(2);
}

describe('a client that reads nothing', () => {
  const query = '{ products { name } }';
  const world = (config = {}) =>
    subscriptionWorld({ limits: { client_write_timeout: '60s' }, ...config }, undefined, {
      productNames: [LARGE, LARGE, LARGE],
    });

  test('is not read from either, so that it cannot cause more and more responses', async () => {
    const { server, calls } = await world();
    const { socket, send } = await openReady(server.url);
    let answered = 0;
    socket.on('message', (data) => {
      if (/"next"/.test(String(data))) answered++;
    });
    socket.pause();
    let sent = 0;
    for (let isStopped = false; !isStopped && sent < MANY; ) {
      send({ id: `${++sent}`, type: 'subscribe', payload: { query } });
      for (let waits = 0; (calls.products ?? 0) < sent && waits < 100; waits++) await sleep(5);
      isStopped = (calls.products ?? 0) < sent;
    }
    expect(sent).toBeLessThan(MANY);
    socket.resume();
    await expect.poll(() => answered).toBe(sent);
  });

  test('is disconnected, and its subscriptions end', async () => {
    const { server, topic } = await world({ limits: { client_write_timeout: '200ms' } });
    const { socket, send } = await openReady(server.url);
    send({ id: 'events', type: 'subscribe', payload: { query: ADDED } });
    await topic.hasSubscriptions(1);
    socket.pause();
    for (let n = 0; n < 1_000; n++) send({ id: `${n}`, type: 'subscribe', payload: { query } });
    await topic.hasSubscriptions(0);
  });

  test('is disconnected where the memory for such clients is full', async () => {
    const { server, topic } = await world({ limits: { client_write_timeout: '60s', max_buffered_bytes: '8MiB' } });
    const { socket, send } = await openReady(server.url);
    send({ id: 'events', type: 'subscribe', payload: { query: ADDED } });
    await topic.hasSubscriptions(1);
    socket.pause();
    for (let n = 0; n < 1_000; n++) send({ id: `${n}`, type: 'subscribe', payload: { query } });
    await topic.hasSubscriptions(0);
  });
});

describe('a client that does not close its direction of a refused connection', () => {
  test.each([
    ['a page of another site', 'origin: http://evil.example\r\n', 403],
    ['a handshake that is none', 'sec-websocket-version: 1\r\n', 400],
  ])('%s is disconnected', async (_, headers, status) => {
    const { server } = await subscriptionWorld({}, 60_000);
    const raw = await openRaw(server.url, headers, undefined, true);
    const [answer] = (await once(raw, 'data')) as [Buffer];
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    // the gateway waits for all connections
    await server.close();
  });
});

describe('messages that are mistakes', () => {
  test('close the connection, and cancel its operations, though the client does not answer the close message', async () => {
    const { server, topic } = await subscriptionWorld();
    const raw = await openRaw(server.url);
    const init = frame(FIN | TEXT, '{"type":"connection_init"}');
    const subscribe = frame(FIN | TEXT, JSON.stringify({ id: '1', type: 'subscribe', payload: { query: ADDED } }));
    await once(raw, 'data');
    raw.write(init);
    await once(raw, 'data');
    raw.write(subscribe);
    await topic.hasSubscriptions(1);
    raw.write(subscribe);
    await topic.hasSubscriptions(0);
    // operations after it are not begun
    for (const id of ['2', '3'])
      raw.write(frame(FIN | TEXT, JSON.stringify({ id, type: 'subscribe', payload: { query: ADDED } })));
    await sleep(100);
    expect(topic.size).toBe(0);
  });

  test.each([
    ['an id that is too long', { id: 'x'.repeat(1_001), type: 'subscribe', payload: { query: ADDED } }],
    ['no query', { id: '1', type: 'subscribe', payload: [] }],
    ['no object', []],
  ])('%s', async (_, message) => {
    const { server } = await subscriptionWorld();
    const { send, closed } = await openReady(server.url);
    send(message);
    expect(await closed).toBe(4400);
  });

  test('a payload of connection_init that is larger than headers may be', async () => {
    const { server } = await subscriptionWorld();
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: LARGE } }));
    expect((await once(socket, 'close'))[0]).toBe(4400);
  });
});

describe('frames', () => {
  const tooLarge = Buffer.alloc(60_000, 0x20);

  test.each<[string, number, () => Buffer[]]>([
    ['without a mask', 1002, () => [frame(FIN | TEXT, '{}', 0)]],
    ['that claim to be compressed', 1002, () => [frame(FIN | COMPRESSED | TEXT, '{}')]],
    ['that continue nothing', 1002, () => [frame(FIN | CONTINUATION, '{}')]],
    ['of an unknown kind', 1002, () => [frame(FIN | 0x3, '{}')]],
    ['that are no UTF-8', 1007, () => [frame(FIN | TEXT, Buffer.from([0xff, 0xfe]))]],
    [
      'of a message without end',
      1009,
      () => [frame(TEXT, ''), ...Array.from({ length: 60 }, () => frame(CONTINUATION, tooLarge))],
    ],
    [
      'that split a message into too many',
      1008,
      () => [frame(TEXT, ' '), ...Array.from({ length: 20_000 }, () => frame(CONTINUATION, ' '))],
    ],
  ])('%s close the connection with %i', async (_, code, frames) => {
    const { server } = await subscriptionWorld();
    expect(await codeAfter(server.url, ...frames())).toBe(code);
  });

  test('with a handshake that is none are refused', async () => {
    const { server } = await subscriptionWorld();
    for (const raw of [openRaw(server.url, '', 'short'), openRaw(server.url, 'sec-websocket-version: 1\r\n')]) {
      const [answer] = (await once(await raw, 'data')) as [Buffer];
      expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });
});

test('many operations that begin and are cancelled at once leave nothing behind', async () => {
  const { server, topic } = await subscriptionWorld();
  const { send, socket } = await openReady(server.url);
  for (let n = 0; n < 2_000; n++) {
    send({ id: '1', type: 'subscribe', payload: { query: ADDED } });
    send({ id: '1', type: 'complete' });
  }
  send({ id: 'last', type: 'subscribe', payload: { query: ADDED } });
  const next = once(socket, 'message');
  await expect
    .poll(() => {
      topic.publish(review('good'));
      return topic.size;
    })
    .toBe(1);
  expect(String((await next)[0])).toContain('"id":"last"');
});
