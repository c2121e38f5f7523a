import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { plainEngine } from '../gateway/plain-engine.ts';
import { latch, serve } from '../gateway/serving.ts';

const BODY = '{"query":"{ hello }"}';

const request = (version: string) =>
  [
    `POST /graphql HTTP/${version}`,
    'host: gateway',
    'content-type: application/json',
    `content-length: ${BODY.length}`,
    '',
    BODY,
  ].join('\r\n');

/** A gateway whose only field resolves once `open` is called. */
async function start() {
  const gate = latch();
  let asked = 0;
  const engine = plainEngine('type Query { hello: String }', {
    hello() {
      asked++;
      return gate.promise.then(() => 'hi');
    },
  });
  const { port, lines } = await serve({ engine: () => engine });
  return { port, lines, open: () => gate.open(), asked: () => asked };
}

/** Sends the bytes and then a FIN; the socket still reads. */
function halfClose(port: number, text: string) {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text));
  onTestFinished(() => void socket.destroy());
  const received = { text: '' };
  socket.setEncoding('utf8').on('data', (chunk) => {
    received.text += chunk;
  });
  return { socket, received, ended: new Promise((resolve) => socket.once('end', resolve)) };
}

it('answers a client that closes its direction after the request', async () => {
  const { port, open, asked } = await start();
  const { received, ended } = halfClose(port, request('1.1'));
  await expect.poll(asked).toBe(1);
  // an interim response comes only once the gateway has read the FIN
  await expect.poll(() => received.text).toContain('HTTP/1.1 102 Processing\r\n\r\n');
  open();
  await ended;
  const [last] = received.text.split('HTTP/1.1 102 Processing\r\n\r\n').slice(-1);
  expect(last).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(last).toContain('{"data":{"hello":"hi"}}');
});

it('sends no interim response where the response is ready, nor to a client of HTTP/1.0', async () => {
  const { port, open } = await start();
  open();
  for (const version of ['1.1', '1.0']) {
    const { received, ended } = halfClose(port, request(version));
    await ended;
    expect(received.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received.text).toContain('{"data":{"hello":"hi"}}');
  }
});

it('notices that a client has closed the whole connection', async () => {
  const { port, lines, asked } = await start();
  const { socket } = halfClose(port, request('1.1'));
  await expect.poll(asked).toBe(1);
  socket.destroy();
  await expect.poll(() => lines.map(({ msg }) => msg)).toContain('request closed by the client');
});
