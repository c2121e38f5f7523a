import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { readBytes, readResponseBytes } from '../../src/shared/read-bytes.ts';

const ERRORS = {
  tooLarge: (maxBytes: number) => new Error(`more than ${maxBytes}`),
  disconnected: () => new Error('gone'),
};

/** The outcome of reading a body of ten bytes at most, which `send` sends. */
async function outcomeOf(
  send: (req: ReturnType<typeof request>) => void,
  headers: Record<string, string> = {},
  read: (bytes: Buffer) => unknown = String,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const server = createServer(async (req: IncomingMessage, res) => {
      const outcome = await readBytes(req, 10, read, ERRORS).catch((error: Error) => error.message);
      resolve(outcome);
      res.end();
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const req = request({ port, host: '127.0.0.1', method: 'POST', headers });
      // the end of the connection is what some of these tests are about
      req.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)));
      req.on('response', (res) => res.resume());
      send(req);
    });
  });
}

it('a body is handed over when it is whole, however many pieces it came in', async () => {
  expect(await outcomeOf((req) => req.end('0123456789'))).toBe('0123456789');
  const inPieces = (req: ReturnType<typeof request>) => req.write('01234', () => req.end('56789'));
  expect(await outcomeOf(inPieces)).toBe('0123456789');
  expect(await outcomeOf((req) => req.end())).toBe('');
});

it('a body that says itself that it is too large is not waited for', async () => {
  expect(await outcomeOf((req) => req.flushHeaders(), { 'content-length': '11' })).toBe('more than 10');
});

it('a body of unknown length is given up when it has become too large', async () => {
  expect(await outcomeOf((req) => req.write('01234567890'))).toBe('more than 10');
});

it('a body that never becomes whole ends with its connection', async () => {
  const leave = (req: ReturnType<typeof request>) => req.write('01', () => setImmediate(() => req.destroy()));
  expect(await outcomeOf(leave, { 'content-length': '10' })).toBe('gone');
});

it('what cannot be made of the bytes is an error of reading', async () => {
  const refuse = () => {
    throw new Error('not what it should be');
  };
  expect(await outcomeOf((req) => req.end('01'), {}, refuse)).toBe('not what it should be');
});

it('a response is read as far as it may be long, and closed where it is longer', async () => {
  let closed = 0;
  async function* body() {
    try {
      for (const text of ['01234', '56789', 'a']) yield Buffer.from(text);
    } finally {
      closed++;
    }
  }
  expect(String(await readResponseBytes(body(), 11))).toBe('0123456789a');
  expect(await readResponseBytes(body(), 10)).toBeUndefined();
  expect(await readResponseBytes(body(), 4)).toBeUndefined();
  expect(closed).toBe(3);
});
