import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { plainEngine } from '../gateway/plain-engine.ts';
import { serve } from '../gateway/serving.ts';

const BODY = '{"query":"{ hello }"}';

/** Sends only the head of a request with `Expect: 100-continue`. */
async function announce(length: number, type = 'application/json') {
  const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });
  const { port } = await serve({ engine: () => engine, maxRequestBytes: 1_000_000 });
  const head = ['POST /graphql HTTP/1.1', 'host: gateway', `content-type: ${type}`, `content-length: ${length}`];
  const socket = connect(port, '127.0.0.1', () => {
    socket.write([...head, 'expect: 100-continue', '', ''].join('\r\n'));
  });
  onTestFinished(() => void socket.destroy());
  const received = { text: '' };
  socket.setEncoding('utf8').on('data', (chunk) => {
    received.text += chunk;
  });
  return { socket, received, ended: new Promise((resolve) => socket.once('end', resolve)) };
}

it('refuses a body that is announced as too large before it is sent, and closes the connection', async () => {
  const { received, ended } = await announce(5_000_000);
  await ended;
  expect(received.text).toMatch(/^HTTP\/1\.1 413 /);
  expect(received.text).toMatch(/^connection: close\r$/im);
  expect(received.text).toContain('"code":"REQUEST_TOO_LARGE"');
});

it('refuses other requests by their headers, too', async () => {
  const { received, ended } = await announce(BODY.length, 'text/plain');
  await ended;
  expect(received.text).toMatch(/^HTTP\/1\.1 4\d\d /);
});

it('asks for a body that it reads, and keeps the connection', async () => {
  const { socket, received } = await announce(BODY.length);
  await expect.poll(() => received.text).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  socket.write(BODY);
  await expect.poll(() => received.text).toContain('{"data":{"hello":"hi"}}');
  expect(received.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  expect(received.text).toMatch(/^connection: keep-alive\r$/im);
});
