import type { IncomingMessage, RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { fakeHttp2Subgraph } from '../sources/fake-http2-subgraph.ts';
import { latch } from './serving.ts';
import {
  BOUNDARY,
  field,
  filePart,
  HEADERS,
  keptAlive,
  multipart,
  openUpload,
  send,
  upload,
  uploadWorld,
} from './upload-world.ts';

const STORE = 'mutation ($file: Upload!) { store(file: $file) { size } }';
const ONE = { operations: { query: STORE, variables: { file: null } }, map: { 0: ['variables.file'] } };
const MIB = 1_048_576;

const STORED = JSON.stringify({ data: { store: { size: 1 } } });

/** A subgraph that counts what it gets of each request. */
function counting() {
  const requests: { req: IncomingMessage; bytes: number; isClosed: boolean }[] = [];
  const begun = latch();
  const listener: RequestListener = (req, res) => {
    const one = { req, bytes: 0, isClosed: false };
    requests.push(one);
    req.on('data', (chunk: Buffer) => {
      one.bytes += chunk.length;
      begun.open();
    });
    req.on('error', () => {});
    req.on('close', () => {
      one.isClosed = true;
    });
    req.on('end', () => res.setHeader('content-type', 'application/json').end(STORED));
  };
  return { requests, listener, begun: begun.promise };
}

describe('the content of a file', () => {
  it('reaches the subgraph before the client has sent the rest', async () => {
    const { url, behave } = await uploadWorld();
    const { requests, listener, begun } = counting();
    behave('files', listener);
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(MIB) }] });
    const { answer, write, req } = openUpload(url);
    await write(whole.subarray(0, 300_000));
    await begun;
    await expect.poll(() => requests[0]?.bytes ?? 0).toBeGreaterThan(150_000);
    expect(requests[0]?.req.complete).toBe(false);
    await write(whole.subarray(300_000));
    req.end();
    expect((await answer).body).toEqual({ data: { store: { size: 1 } } });
    expect(requests[0]?.bytes).toBeGreaterThan(MIB);
  });

  it('waits in the client while the subgraph does not read', async () => {
    const { url, behave } = await uploadWorld();
    const reads = latch();
    let bytes = 0;
    behave('files', async (req, res) => {
      await reads.promise;
      for await (const chunk of req) bytes += (chunk as Buffer).length;
      res.setHeader('content-type', 'application/json').end(STORED);
    });
    const size = 48 * MIB;
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(size) }] });
    const { answer, req } = openUpload(url);
    req.end(whole);
    const taken = () => req.socket?.bytesWritten ?? 0;
    // until nothing moves: buffers of the system hold some MiB
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = taken() > 0 && taken() === before;
          before = taken();
          return isStill;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(taken() - (req.socket?.writableLength ?? 0)).toBeLessThan(size);
    reads.open();
    await answer;
    expect(bytes).toBeGreaterThan(size);
  });

  it.each([
    ['in the head of the request', 0.0001],
    ['in "operations"', 0.002],
    ['in a file', 0.5],
    ['near the end of a file', 0.9],
  ])('ends in the subgraph when the client breaks off %s', async (_, share) => {
    const { url, behave, server, lines } = await uploadWorld();
    const { requests, listener } = counting();
    behave('files', listener);
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(200_000) }] });
    const { write, req } = openUpload(url);
    await write(whole.subarray(0, Math.floor(whole.length * share)));
    if (share > 0.1) await expect.poll(() => requests.length).toBe(1);
    req.destroy();
    await expect.poll(() => lines.some(({ msg }) => msg === 'request closed by the client')).toBe(true);
    await expect.poll(() => requests.every(({ isClosed }) => isClosed)).toBe(true);
    expect(requests.every((one) => !one.req.complete)).toBe(true);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    await server.close();
  });

  it('is no longer sent when the subgraph answers before it has read it', async () => {
    const { url, behave } = await uploadWorld();
    behave('files', (_req, res) => {
      res.writeHead(413, { 'content-type': 'application/json' });
      res.end('{"errors":[{"message":"too much for me"}]}');
    });
    const agent = keptAlive();
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(8 * MIB) }] });
    const { answer, write, req } = openUpload(url, HEADERS, agent);
    await write(whole.subarray(0, MIB));
    const { body, status } = await answer;
    expect([status, body.errors[0].message]).toEqual([200, 'too much for me']);
    // the rest is discarded, and the connection is used again
    req.end(whole.subarray(MIB));
    await expect.poll(() => Object.values(agent.freeSockets).flat().length).toBe(1);
    const { socket } = req;
    behave('files', counting().listener);
    const next = openUpload(url, HEADERS, agent);
    next.req.end(multipart({ ...ONE, files: [{ name: '0', content: 'x' }] }));
    expect((await next.answer).body).toEqual({ data: { store: { size: 1 } } });
    expect(next.req.socket).toBe(socket);
  });

  it('is sent once: a subgraph that fails gets no second request', async () => {
    const { url, behave, calls } = await uploadWorld({
      traffic_shaping: { all: { retry: { on: ['5xx', 'connection_failure'] }, hedge: { after: '1ms' } } },
    });
    behave('files', (req, res) => void req.resume().on('end', () => res.writeHead(503).end()));
    const query = 'query ($file: Upload) { measure(file: $file) }';
    const { body } = await upload(url, {
      operations: { query, variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [{ name: '0', content: 'x' }],
    });
    expect(body.errors[0].extensions.code).toBe('SUBREQUEST_HTTP_ERROR');
    expect(calls.files).toBe(1);
  });

  it('is that of each client: equal requests are not shared', async () => {
    const { url, calls } = await uploadWorld();
    const query = 'query ($file: Upload) { measure(file: $file) }';
    const parts = { operations: { query, variables: { file: null } }, map: { 0: ['variables.file'] } };
    const answers = await Promise.all(
      ['1', '22', '333'].map((content) => upload(url, { ...parts, files: [{ name: '0', content }] })),
    );
    expect(answers.map(({ body }) => body.data.measure)).toEqual([1, 2, 3]);
    expect(calls.files).toBe(3);
  });

  it('ends the request when nothing of it arrives within the timeout', async () => {
    const { url, behave } = await uploadWorld({ traffic_shaping: { all: { timeout: '200ms' } } });
    const { requests, listener } = counting();
    behave('files', listener);
    const { answer, write } = openUpload(url, HEADERS, keptAlive());
    const whole = multipart({ ...ONE, files: [{ name: '0', content: 'never whole' }] });
    await write(whole.subarray(0, whole.length - 20));
    const { body } = await answer;
    expect(body.errors[0].extensions.code).toBe('SUBREQUEST_TIMEOUT');
    await expect.poll(() => requests[0]?.isClosed).toBe(true);
  });

  it('may take longer than the timeout while it arrives', async () => {
    const { url, behave } = await uploadWorld({
      traffic_shaping: { all: { timeout: '300ms' }, router: { timeout: '300ms' } },
    });
    behave('files', counting().listener);
    const { answer, write, req } = openUpload(url);
    const piece = Buffer.alloc(70_000);
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(20 * piece.length) }] });
    const startedAt = performance.now();
    for (let at = 0; at < whole.length; at += piece.length) {
      await write(whole.subarray(at, at + piece.length));
      const next = startedAt + (at / piece.length) * 60;
      await expect.poll(() => performance.now() > next, { interval: 10 }).toBe(true);
    }
    req.end();
    expect((await answer).body).toEqual({ data: { store: { size: 1 } } });
  });

  it('goes over HTTP/2, too', async () => {
    const bodies: Buffer[] = [];
    const { url: h2 } = await fakeHttp2Subgraph((stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        bodies.push(Buffer.concat(chunks));
        stream.respond({ ':status': 200, 'content-type': 'application/json' });
        stream.end(STORED);
      });
    });
    const { url } = await uploadWorld({
      traffic_shaping: { subgraphs: { files: { http2: 'http2only' } } },
      subgraphs: { files: { url: h2 }, notes: { url: h2 } },
    });
    const { body } = await upload(url, { ...ONE, files: [{ name: '0', content: Buffer.alloc(MIB, 'z') }] });
    expect(body).toEqual({ data: { store: { size: 1 } } });
    expect(bodies).toHaveLength(1);
    expect(String(bodies[0])).toContain('z'.repeat(MIB));
  });

  it('is not sent where a signature has to cover it, and the message has the key', async () => {
    const { url, calls } = await uploadWorld({
      authentication: {
        subgraph: {
          all: {
            http_message_signature: { key: 'k'.repeat(32), components: ['@method', 'content-digest'] },
          },
        },
      },
    });
    const { body } = await upload(url, { ...ONE, files: [{ name: '0', content: 'x' }] });
    expect(body.errors[0].message).toContain('http_message_signature.components');
    expect(calls.files).toBe(0);
  });
});

describe('hostile bodies', () => {
  /** Sends bytes without end until the gateway answers, and returns the answer with how many bytes it took. */
  async function flood(url: string, head: Buffer, piece: Buffer, headers = HEADERS) {
    const { answer, write, req } = openUpload(url, headers, keptAlive());
    let isAnswered = false;
    void answer.finally(() => {
      isAnswered = true;
    });
    await write(head);
    let bytes = head.length;
    while (!isAnswered && bytes < 64 * MIB) {
      await write(piece);
      bytes += piece.length;
    }
    const { status, body } = await answer;
    req.destroy();
    return { status, message: body.errors[0].message as string, bytes };
  }

  it.each([
    ['tiny parts', Buffer.alloc(0), Buffer.from(`--${BOUNDARY}\r\n\r\n\r\n`.repeat(2_000)), 'too many parts'],
    ['tiny fields', Buffer.alloc(0), Buffer.from(field('f', '').toString().repeat(1_000)), 'a field beside'],
    ['a preamble', Buffer.alloc(0), Buffer.alloc(65_536, 'p'), 'limits.http_max_request_bytes'],
    [
      'headers of one part',
      Buffer.from(`--${BOUNDARY}\r\nx-long: `),
      Buffer.alloc(65_536, 'h'),
      'limits.http_max_request_bytes',
    ],
    [
      '"operations"',
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="operations"\r\n\r\n`),
      Buffer.alloc(65_536, 'o'),
      'limits.http_max_request_bytes',
    ],
  ])('with endless %s are answered early', async (_, head, piece, message) => {
    const { url } = await uploadWorld({ limits: { http_max_request_bytes: 100_000 } });
    const flooded = await flood(url, head, piece);
    expect([400, 413]).toContain(flooded.status);
    expect(flooded.message).toContain(message);
    expect(flooded.bytes).toBeLessThan(64 * MIB);
  });

  it('that end inside a part are refused, and the subgraph gets no whole file', async () => {
    const { url, behave } = await uploadWorld();
    const { requests, listener, begun } = counting();
    behave('files', listener);
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(200_000) }] });
    const { answer, write, req } = openUpload(url);
    await write(whole.subarray(0, 150_000));
    await begun;
    req.end();
    const { status, body } = await answer;
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('it ends before its last boundary');
    await expect.poll(() => requests[0]?.isClosed).toBe(true);
    expect(requests[0]?.req.complete).toBe(false);
  });

  it('with a part whose headers are too long are refused, and the error says how long they may be', async () => {
    const { url } = await uploadWorld();
    const limit = 'of a part, 32 headers with 8192 bytes are read';
    const long = (part: Buffer) => Buffer.from(part.toString().replace('\r\n', `\r\nx-long: ${'y'.repeat(9_000)}\r\n`));
    const operations = field('operations', JSON.stringify(ONE.operations));
    const map = field('map', JSON.stringify(ONE.map));
    const file = filePart({ name: '0', content: 'fine' });
    const end = Buffer.from(`--${BOUNDARY}--\r\n`);
    for (const parts of [
      [long(operations), map, file, end],
      [operations, long(map), file, end],
      [operations, map, long(file), end],
    ]) {
      const { status, body } = await send(url, parts);
      expect(status).toBe(400);
      expect(body.errors[0].message).toContain(limit);
    }
  });

  it('with a part whose headers are long or many are refused or read, and nothing breaks', async () => {
    const { url } = await uploadWorld();
    const head = `--${BOUNDARY}\r\n${'x-a: b\r\n'.repeat(5_000)}Content-Disposition: form-data; name="operations"\r\n\r\n{}\r\n`;
    const { status } = await send(url, [Buffer.from(head), Buffer.from(`--${BOUNDARY}--\r\n`)]);
    expect(status).toBe(400);
    const { body } = await upload(url, { ...ONE, files: [{ name: '0', content: 'fine' }] });
    expect(body).toEqual({ data: { store: { size: 4 } } });
  });

  it('with "__proto__" as the name of a file change nothing', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, {
      ...ONE,
      map: '{"__proto__":["variables.file"]}',
      files: [{ name: '__proto__', content: 'fine' }],
    });
    expect(body).toEqual({ data: { store: { size: 4 } } });
    expect(({} as { file?: unknown }).file).toBeUndefined();
  });
});
