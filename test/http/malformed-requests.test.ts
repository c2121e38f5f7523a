import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { plainEngine } from '../gateway/plain-engine.ts';
import { serve } from '../gateway/serving.ts';

const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });

/** Sends bytes as they are; resolves with all that comes back. */
async function send(bytes: string, timeouts = {}): Promise<string> {
  const { url } = await serve({ engine: () => engine }, timeouts);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

it.each([
  ['what is no HTTP', 'hello there\r\n\r\n', 400, 'This is not a valid HTTP request.'],
  [
    'a head of more than 16 KB',
    `GET /graphql HTTP/1.1\r\nhost: a\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`,
    431,
    'The head of the request is too large. Send less in its URL and headers.',
  ],
])('%s is answered in JSON', async (_what, bytes, status, message) => {
  const response = await send(bytes);
  expect(response).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  const [head = '', body = ''] = response.split('\r\n\r\n');
  expect(head).toContain('connection: close');
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  expect(JSON.parse(body)).toEqual({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
});

it('a head that does not come whole is answered 408', async () => {
  const response = await send('GET /graphql HTTP/1.1\r\nhost: a\r\n', { headersTimeoutMs: 40 });
  expect(response).toMatch(/^HTTP\/1\.1 408 /);
  expect(response).toContain('REQUEST_TIMEOUT');
});

it('a request that has arrived while the gateway stood still is read first', async () => {
  const { url } = await serve({ engine: () => engine }, { headersTimeoutMs: 40 });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const response = text(socket);
  socket.write('GET /graphql?query={hello} HTTP/1.1\r\nhost: a\r\n');
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.write('accept: application/json\r\nconnection: close\r\n\r\n');
  const until = performance.now() + 500;
  while (performance.now() < until);
  expect(await response).toMatch(/^HTTP\/1\.1 200 /);
});
