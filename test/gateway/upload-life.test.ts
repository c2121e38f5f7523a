import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { UploadedFile } from '../../src/shared/uploads/uploaded-file.ts';
import { plainEngine } from './plain-engine.ts';
import { latch, post, serve } from './serving.ts';
import { HEADERS, keptAlive, multipart, openUpload, upload, uploadWorld } from './upload-world.ts';

const STORE = 'mutation ($file: Upload!) { store(file: $file) { size } }';
const ONE = { operations: { query: STORE, variables: { file: null } }, map: { 0: ['variables.file'] } };
const STORED = '{"data":{"store":{"size":1}}}';

/** Begins an upload, which the subgraph has begun to read when this resolves. */
async function begunUpload(config: Record<string, unknown> = {}, size = 300_000) {
  const world = await uploadWorld(config);
  const begun = latch();
  let bytes = 0;
  const counting: RequestListener = (req, res) => {
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      begun.open();
    });
    req.on('error', () => {});
    req.on('end', () => res.setHeader('content-type', 'application/json').end(STORED));
  };
  world.behave('files', counting);
  const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(size) }] });
  const { answer, write, req } = openUpload(world.url, HEADERS, keptAlive());
  await write(whole.subarray(0, size / 2));
  await begun.promise;
  const finish = async () => {
    await write(whole.subarray(size / 2));
    req.end();
    return answer;
  };
  return { ...world, finish, answer, req, bytes: () => bytes, whole };
}

describe('an upload in progress', () => {
  it('completes on the schema with which it began, after another schema is there', async () => {
    const { update, supergraphSdl, url, finish } = await begunUpload();
    update(supergraphSdl.replace('title: String): Stored', 'title: String, more: Int): Stored'));
    const query = '{ __type(name: "Mutation") { fields { args { name } } } }';
    await expect.poll(async () => (await post(url, { query })).text()).toContain('"more"');
    const more = await upload(url, { ...ONE, files: [{ name: '0', content: 'x' }] });
    expect(more.body).toEqual({ data: { store: { size: 1 } } });
    expect((await finish()).body).toEqual({ data: { store: { size: 1 } } });
  });

  it('completes when the gateway stops, and its connection is closed', async () => {
    const { server, finish, bytes, whole } = await begunUpload();
    const closed = server.close();
    const { body, headers } = await finish();
    expect(body).toEqual({ data: { store: { size: 1 } } });
    expect(headers.connection).toBe('close');
    await closed;
    expect(bytes()).toBeGreaterThan(whole.length / 2);
  });

  it('is cut off when the gateway has waited long enough, and the subgraph does not get a whole request', async () => {
    const { server, answer, lines } = await begunUpload({ shutdown: { grace: '200ms' } });
    await server.close();
    await expect(answer).rejects.toThrow();
    expect(lines.some(({ msg }) => msg === 'request cut off')).toBe(true);
  });
});

describe('an upload that takes too long', () => {
  /** A gateway with time limits, and how the requests to its subgraph have ended. */
  async function observed(config: object) {
    const ended: string[] = [];
    const world = await uploadWorld({ file_upload: config });
    world.behave('files', (req, res) => {
      req.on('error', () => {});
      req.on('close', () => ended.push(req.complete ? 'whole' : 'broken off'));
      req.resume().on('end', () => res.setHeader('content-type', 'application/json').end(STORED));
    });
    return { ...world, ended };
  }

  it('is ended with 408 when the client sends nothing, and leaves nothing behind', async () => {
    const { url, ended, server } = await observed({ idle_timeout: '200ms' });
    const { answer, req, write } = openUpload(url, HEADERS, keptAlive());
    await write(multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(1_000) }] }).subarray(0, 600));
    const { status, body, headers } = await answer;
    expect([status, body.errors[0].extensions.code]).toEqual([408, 'REQUEST_TIMEOUT']);
    expect(body.errors[0].message).toContain('file_upload.idle_timeout');
    expect(headers.connection).toBe('close');
    if (!req.destroyed) await once(req, 'close');
    await expect.poll(() => ended).toEqual(['broken off']);
    expect((await upload(url, { ...ONE, files: [{ name: '0', content: 'x' }] })).status).toBe(200);
    await server.close();
  });

  it('is ended with 408 before its files begin, too', async () => {
    const { url } = await observed({ idle_timeout: '200ms' });
    const { answer, write } = openUpload(url);
    await write(multipart({ ...ONE, files: [] }).subarray(0, 100));
    expect((await answer).status).toBe(408);
  });

  it('is ended with 408 when it trickles', async () => {
    const { url, ended } = await observed({ idle_timeout: '10s', timeout: '300ms' });
    const { answer, write } = openUpload(url);
    await write(multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(1_000) }] }).subarray(0, 600));
    const trickle = setInterval(() => void write(Buffer.alloc(1)), 20);
    const { status, body } = await answer.finally(() => clearInterval(trickle));
    expect([status, body.errors[0].message]).toEqual([408, expect.stringContaining('file_upload.timeout')]);
    await expect.poll(() => ended).toEqual(['broken off']);
  });

  it('is not idle while the subgraph does not read', async () => {
    const world = await uploadWorld({ file_upload: { idle_timeout: '100ms' } });
    const arrived = latch();
    let read = () => {};
    world.behave('files', (req, res) => {
      read = () => void req.resume().on('end', () => res.setHeader('content-type', 'application/json').end(STORED));
      arrived.open();
    });
    const { answer, req } = openUpload(world.url);
    req.end(multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(20_000_000) }] }));
    await arrived.promise;
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    // several times the timeout
    for (const end = performance.now() + 600; performance.now() < end; ) await post(world.url, { query: '{ notes }' });
    expect(isAnswered).toBe(false);
    read();
    expect((await answer).status).toBe(200);
  });
});

describe('the time for a request to arrive', () => {
  const sdl = 'scalar Upload type Query { measure(file: Upload): Int }';
  const measure = async ({ file }: Record<string, unknown>) => {
    const content = (file as UploadedFile).open(() => {}) as Readable;
    let bytes = 0;
    for await (const chunk of content) bytes += (chunk as Buffer).length;
    return bytes;
  };
  const query = 'query ($file: Upload) { measure(file: $file) }';
  const parts = { operations: { query, variables: { file: null } }, map: { 0: ['variables.file'] } };
  const limits = { maxFiles: 2, maxFileBytes: 10_000_000 };

  it('does not apply to files that arrive slowly', async () => {
    const { url } = await serve(
      { engine: () => plainEngine(sdl, { measure }), uploads: limits },
      { requestTimeoutMs: 400, headersTimeoutMs: 200 },
    );
    const whole = multipart({ ...parts, files: [{ name: '0', content: Buffer.alloc(1_000_000) }] });
    const { answer, write, req } = openUpload(url);
    const startedAt = performance.now();
    for (let at = 0; at < 10; at++) {
      await write(whole.subarray(at * 100_000, (at + 1) * 100_000));
      await expect.poll(() => performance.now() - startedAt > at * 150, { interval: 10 }).toBe(true);
    }
    req.end(whole.subarray(1_000_000));
    expect(await answer).toMatchObject({ status: 200, body: { data: { measure: 1_000_000 } } });
  });

  it('applies until the files begin', async () => {
    const { url } = await serve(
      { engine: () => plainEngine(sdl, { measure }), uploads: limits },
      { requestTimeoutMs: 400, headersTimeoutMs: 200 },
    );
    const whole = multipart({ ...parts, files: [{ name: '0', content: 'x' }] });
    const { answer, write, req } = openUpload(url, HEADERS, keptAlive());
    await write(whole.subarray(0, 100));
    const { status, body } = await answer;
    expect([status, body.errors[0].extensions.code]).toEqual([408, 'REQUEST_TIMEOUT']);
    if (!req.destroyed) await once(req, 'close');
  });

  it('does not end the next request of the connection', async () => {
    const { url } = await serve(
      { engine: () => plainEngine(sdl, { measure }), uploads: limits },
      { requestTimeoutMs: 400, headersTimeoutMs: 200 },
    );
    const agent = keptAlive();
    const whole = multipart({ ...parts, files: [{ name: '0', content: 'x' }] });
    for (let at = 0; at < 2; at++) {
      const { answer, req } = openUpload(url, HEADERS, agent);
      req.end(whole);
      expect((await answer).status).toBe(200);
    }
  });
});
