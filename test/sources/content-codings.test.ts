import type { IncomingMessage } from 'node:http';
import zlib, { brotliCompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpSource, type HttpSourceOptions } from '../../src/sources/http/http-source.ts';
import type { SubgraphResponse } from '../../src/sources/source.ts';
import { fakeSubgraph } from './fake-subgraph.ts';

const TEXT = JSON.stringify({ data: { name: 'Straße ✓', filler: 'x'.repeat(20_000) } });
const BYTES = Buffer.from(TEXT);

interface Response {
  readonly body: Buffer | string;
  readonly headers?: Record<string, string | string[]>;
  readonly status?: number;
}

/** What a source makes of a response of its subgraph. */
async function answerTo(response: Response, options: Partial<HttpSourceOptions> = {}) {
  const requests: { headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const { url } = await fakeSubgraph(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    requests.push({ headers: req.headers, body: Buffer.concat(chunks) });
    res.writeHead(response.status ?? 200, { 'content-type': 'application/json', ...response.headers });
    res.end(response.body);
  });
  const source = createHttpSource({ name: 'stock', url, ...options });
  onTestFinished(() => source.close());
  const request = {
    body: '{"query":"{ name }"}',
    operationType: 'query',
    client: { requestId: 'r', headers: {} },
  } as const;
  const answer = await new Promise<SubgraphResponse>((done) => source.send(request, done));
  return { answer, requests };
}

const textOf = (answer: SubgraphResponse) => ('text' in answer ? answer.text : 'failure' in answer && answer.failure);
const encoded = (coding: string, body: Buffer): Response => ({ body, headers: { 'content-encoding': coding } });

describe('a response of a subgraph is decoded, whether the coding was asked for or not', () => {
  it.each<[string, Buffer]>([
    ['gzip', gzipSync(BYTES)],
    ['x-gzip', gzipSync(BYTES)],
    ['GZip', gzipSync(BYTES)],
    ['br', brotliCompressSync(BYTES)],
    ['deflate', deflateSync(BYTES)],
    ['deflate', deflateRawSync(BYTES)],
    ['identity', BYTES],
    ['', BYTES],
    ['gzip, br', brotliCompressSync(gzipSync(BYTES))],
    ['identity, deflate , gzip', gzipSync(deflateSync(BYTES))],
  ])('from %s', async (coding, body) => {
    expect(textOf((await answerTo(encoded(coding, body))).answer)).toBe(TEXT);
  });

  const { zstdCompressSync } = zlib as unknown as { zstdCompressSync?: (body: Buffer) => Buffer };
  it('from zstd, where this Node has it; elsewhere the failure names it', async () => {
    if (zstdCompressSync === undefined) {
      const { answer } = await answerTo(encoded('zstd', BYTES));
      expect(answer).toMatchObject({ kind: 'failure', failure: { code: 'SUBREQUEST_MALFORMED_RESPONSE' } });
      expect(JSON.stringify(answer)).toContain('zstd');
      return;
    }
    const body = zstdCompressSync(BYTES);
    expect(textOf((await answerTo(encoded('zstd', body))).answer)).toBe(TEXT);
    const cut = await answerTo(encoded('zstd', body.subarray(0, -4)));
    expect(cut.answer).toMatchObject({ kind: 'failure', failure: { code: 'SUBREQUEST_MALFORMED_RESPONSE' } });
  });

  it('from codings in several header lines', async () => {
    const response = {
      body: brotliCompressSync(gzipSync(BYTES)),
      headers: { 'content-encoding': ['gzip', 'br'] },
    };
    expect(textOf((await answerTo(response)).answer)).toBe(TEXT);
  });

  it('also where its status is an error and its body a GraphQL result', async () => {
    const { answer } = await answerTo({ ...encoded('gzip', gzipSync('{"errors":[{"message":"no"}]}')), status: 400 });
    expect(answer).toMatchObject({ kind: 'text', status: 400, text: '{"errors":[{"message":"no"}]}' });
  });
});

describe('a response that cannot be decoded is a failure with its reason', () => {
  const malformed = { code: 'SUBREQUEST_MALFORMED_RESPONSE' };
  const gzip = gzipSync(BYTES);
  it.each<[string, Response, object]>([
    ['of an unknown coding', encoded('sdch', BYTES), { ...malformed, reason: 'the coding "sdch" is not supported' }],
    [
      'that breaks off',
      encoded('gzip', gzip.subarray(0, -20)),
      { ...malformed, reason: 'it is not valid gzip, or is incomplete' },
    ],
    ['that is not what it says', encoded('br', gzip), { ...malformed, reason: 'it is not valid br, or is incomplete' }],
    [
      'with very many codings',
      encoded(Array(40).fill('gzip').join(), gzip),
      { ...malformed, reason: '40 codings in a row are not supported' },
    ],
    [
      'with the status of an error',
      { ...encoded('sdch', BYTES), status: 503 },
      { code: 'SUBREQUEST_HTTP_ERROR', status: 503 },
    ],
  ])('%s', async (_what, response, failure) => {
    expect((await answerTo(response)).answer).toMatchObject({ kind: 'failure', failure });
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const)('that becomes too large, of %s', async (coding, encode) => {
    const bomb = encode(Buffer.alloc(20_000_000, ' '));
    expect(bomb.length).toBeLessThan(1_000_000);
    const { answer } = await answerTo(encoded(coding, bomb), { maxResponseBytes: 1_000_000 });
    expect(answer).toMatchObject({
      kind: 'failure',
      failure: { code: 'SUBREQUEST_HTTP_ERROR', reason: 'response larger than 1000000 bytes' },
    });
  });
});

describe('a charset', () => {
  const typed = (charset: string, body: Buffer): Response => ({
    body,
    headers: { 'content-type': `Application/JSON; odata=verbose; Charset=${charset}` },
  });
  const latin1 = Buffer.from('{"data":{"name":"Straße"}}', 'latin1');

  it.each<[string, Buffer]>([
    ['"iso-8859-1"', latin1],
    ['windows-1252', latin1],
    ['UTF-16', Buffer.from('\ufeff{"data":{"name":"Straße"}}', 'utf16le')],
    ['utf-8', Buffer.from('\ufeff{"data":{"name":"Straße"}}', 'utf16le')],
    ['utf-8', Buffer.from('\ufeff{"data":{"name":"Straße"}}')],
    ['utf8', Buffer.from('{"data":{"name":"Straße"}}')],
  ])('%s is decoded', async (charset, body) => {
    expect(textOf((await answerTo(typed(charset, body))).answer)).toBe('{"data":{"name":"Straße"}}');
  });

  it('is decoded after a coding', async () => {
    const headers = { 'content-type': 'application/json;charset=iso-8859-1', 'content-encoding': 'gzip' };
    const { answer } = await answerTo({ body: gzipSync(latin1), headers });
    expect(textOf(answer)).toBe('{"data":{"name":"Straße"}}');
  });

  it.each([
    ['klingon', 'the charset "klingon" is not supported'],
    ['utf-8', 'it is not valid UTF-8'],
  ])('%s that cannot be decoded is a failure with its reason', async (charset, reason) => {
    const { answer } = await answerTo(typed(charset, latin1));
    expect(answer).toMatchObject({ failure: { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason, status: 200 } });
  });

  it('that is UTF-8 may have characters that stand for unknown ones', async () => {
    expect(textOf((await answerTo({ body: '{"data":{"a":"\ufffd"}}' })).answer)).toBe('{"data":{"a":"\ufffd"}}');
  });
});

describe('requests to a subgraph', () => {
  it('ask for gzip, and are sent as they are', async () => {
    const { requests } = await answerTo({ body: TEXT });
    expect(requests[0]?.headers['accept-encoding']).toBe('gzip');
    expect(requests[0]?.headers['content-encoding']).toBeUndefined();
    expect(String(requests[0]?.body)).toBe('{"query":"{ name }"}');
  });

  it('ask for what is configured, and are encoded as it is', async () => {
    const { requests } = await answerTo({ body: TEXT }, { compression: { request: 'gzip', accept: ['br', 'gzip'] } });
    expect(requests[0]?.headers).toMatchObject({ 'accept-encoding': 'br, gzip', 'content-encoding': 'gzip' });
    expect(String(gunzipSync(requests[0]?.body as Buffer))).toBe('{"query":"{ name }"}');
    const none = await answerTo({ body: TEXT }, { compression: { request: undefined, accept: [] } });
    expect(none.requests[0]?.headers['accept-encoding']).toBe('identity');
  });
});
