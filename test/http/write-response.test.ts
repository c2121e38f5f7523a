import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { writeResponse } from '../../src/http/write-response.ts';

const SRC = join(import.meta.dirname, '../../src');

interface Received {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Serves one request with a real server. */
async function receive(serve: (res: ServerResponse) => void, method = 'GET'): Promise<Received> {
  const server = createServer((_req, res) => serve(res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, agent: false }, async (res) => {
      let body = '';
      for await (const chunk of res) body += chunk;
      resolve({ status: res.statusCode, headers: res.headers, body });
    });
    sent.on('error', reject).end();
  });
}

describe('a response', () => {
  test('has the length of its body in bytes', async () => {
    const { status, headers, body } = await receive((res) =>
      writeResponse(res, { status: 200, headers: { 'content-type': 'text/plain' }, body: 'Grüße' }),
    );
    expect({ status, length: headers['content-length'], body }).toEqual({ status: 200, length: '7', body: 'Grüße' });
  });

  test('to HEAD has the headers of GET, and no body', async () => {
    const { headers, body } = await receive(
      (res) => writeResponse(res, { status: 200, headers: {}, body: 'abc' }),
      'HEAD',
    );
    expect({ length: headers['content-length'], body }).toEqual({ length: '3', body: '' });
  });

  test('without content has no length', async () => {
    for (const status of [204, 304]) {
      const { headers } = await receive((res) => writeResponse(res, { status, headers: {}, body: '' }));
      expect(headers['content-length']).toBeUndefined();
    }
  });

  test('replaces headers that any response to its request has', async () => {
    const { headers } = await receive((res) => {
      res.setHeader('x-set', 'before');
      const common = { 'x-common': 'before', 'x-other': 'common' };
      writeResponse(res, { status: 200, headers: { 'x-set': 'own', 'x-common': 'own' }, body: '' }, common, 'r1');
    });
    expect(headers).toMatchObject({ 'x-set': 'own', 'x-common': 'own', 'x-other': 'common', 'x-request-id': 'r1' });
  });

  test('names in Vary what every middleware added, each name once', async () => {
    const { headers } = await receive((res) => {
      res.setHeader('vary', 'Origin');
      writeResponse(res, { status: 200, headers: { vary: 'accept, origin' }, body: '' }, { vary: 'cookie' });
    });
    expect(headers.vary).toBe('Origin, cookie, accept');
  });

  test('is written once', async () => {
    const { body } = await receive((res) => {
      writeResponse(res, { status: 200, headers: {}, body: 'first' });
      writeResponse(res, { status: 500, headers: {}, body: 'second' });
    });
    expect(body).toBe('first');
  });
});

test('no other file of src/ writes a response, except event streams, WebSockets and what limits slow clients', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const writers = files.filter((file) => /\.writeHead\(|\bres\.end\(\w/.test(readFileSync(join(SRC, file), 'utf8')));
  expect(writers.sort()).toEqual([
    'bff/handlers/event-stream.ts',
    'graphql-http/websocket/check-credentials.ts',
    'graphql-http/writers/send-stream.ts',
    'http/client-writes.ts',
    'http/write-response.ts',
  ]);
});
