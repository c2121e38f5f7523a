import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpSource } from '../../../src/sources/http/http-source.ts';
import { contentDigest, requestSigner, signed } from '../../../src/sources/http/signing/sign-request.ts';
import { signatureBase } from '../../../src/sources/http/signing/signature-base.ts';
import { signingKey } from '../../../src/sources/http/signing/signing-key.ts';
import { fakeSubgraph } from '../fake-subgraph.ts';
import { verifySignature } from './verify-signature.ts';

/** The request of RFC 9421, appendix B.2. */
const REQUEST = {
  method: 'POST',
  scheme: 'https',
  authority: 'example.com',
  path: '/foo?param=Value&Pet=dog',
  headers: [
    ...['date', 'Tue, 20 Apr 2021 02:07:55 GMT', 'content-type', 'application/json'],
    ...[
      'content-digest',
      'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
    ],
    ...['content-length', '18'],
  ],
};

/** The key `test-shared-secret` of appendix B.1.5. */
const SECRET = Buffer.from(
  'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
  'base64',
);

describe('a signature of RFC 9421', () => {
  it('is that of appendix B.2.5', () => {
    const parameters = { created: 1_618_884_473, keyId: 'test-shared-secret' };
    expect(signed(REQUEST, ['date', '@authority', 'content-type'], parameters, SECRET)).toEqual({
      input: '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      signature: 'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=',
    });
  });

  it('has the base of appendix B.2.6', () => {
    const components = ['date', '@method', '@path', '@authority', 'content-type', 'content-length'];
    const parameters = { created: 1_618_884_473, keyId: 'test-key-ed25519' };
    expect(signatureBase(REQUEST, components, parameters).base).toBe(
      `"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
    );
  });

  it('covers derived components as in section 2.2, and repeated headers as one', () => {
    const request = { ...REQUEST, authority: 'Example.com:81', headers: ['a', ' 1 ', 'b', 'x', 'a', '2'] };
    const components = ['@scheme', '@authority', '@target-uri', '@request-target', '@path', '@query', 'a', 'missing'];
    const { base } = signatureBase(request, components, { keyId: 'a "quoted\\ key' });
    expect(base.split('\n')).toEqual([
      '"@scheme": https',
      '"@authority": example.com:81',
      '"@target-uri": https://Example.com:81/foo?param=Value&Pet=dog',
      '"@request-target": /foo?param=Value&Pet=dog',
      '"@path": /foo',
      '"@query": ?param=Value&Pet=dog',
      '"a": 1, 2',
      '"@signature-params": ("@scheme" "@authority" "@target-uri" "@request-target" "@path" "@query" "a");keyid="a \\"quoted\\\\ key"',
    ]);
    expect(signatureBase({ ...request, path: '/foo' }, ['@query'], {}).base).toContain('"@query": ?\n');
  });

  it('has the digest of RFC 9530, appendix B.1', () => {
    expect(contentDigest('{"hello": "world"}\n')).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:');
  });
});

const KEY = Buffer.from('a secret of at least thirty-two bytes');
const COVERS = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest'];
const SETTINGS = { components: COVERS as never, key_id: 'gateway-1', expires_in: 30_000 };

describe('a signed call', () => {
  it('is good for an independent verifier, also with a compressed body, and each call has its own time', async () => {
    const problems: (string | undefined)[] = [];
    const created: string[] = [];
    let now = 1_000;
    const { url } = await fakeSubgraph(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      problems.push(verifySignature(request, body, { keys: { 'gateway-1': KEY }, covers: COVERS, now }));
      problems.push(gunzipSync(body).toString() === '{"query":"{ ü }"}' ? undefined : 'wrong body');
      created.push(/created=(\d+);expires=(\d+)/.exec(String(request.headers['signature-input']))?.[0] ?? '');
      response.end('{"data":{}}');
    });
    const source = createHttpSource({
      name: 'products',
      url: `${url}?a=1`,
      sign: requestSigner(
        SETTINGS,
        () => KEY,
        () => now,
      ),
      compression: { request: 'gzip', accept: [] },
      forward: () => ({ pairs: ['signature', 'x=:AAAA:', 'signature-input', 'x=()'], sharingKey: '' }),
    });
    onTestFinished(() => source.close());
    for (let call = 0; call < 2; call++, now += 7) {
      const client = { requestId: 'r', headers: {} };
      await new Promise((resolve) =>
        source.send({ body: '{"query":"{ ü }"}', operationType: 'query', client }, resolve),
      );
    }
    expect(problems).toEqual([undefined, undefined, undefined, undefined]);
    expect(created).toEqual(['created=1000;expires=1030', 'created=1007;expires=1037']);
  });

  it('is not good once anything in it has changed', () => {
    const headers = requestSigner(
      SETTINGS,
      () => KEY,
      () => 1_000,
    )({ ...REQUEST, headers: ['content-type', 'application/json'] }, '{}');
    const good = { method: 'POST', url: REQUEST.path, rawHeaders: ['Host', 'example.com', ...headers] };
    const requirements = { keys: { 'gateway-1': KEY }, covers: COVERS, now: 1_000 };
    const verify = (change: object, body = '{}', other = {}) =>
      verifySignature({ ...good, ...change }, Buffer.from(body), { ...requirements, ...other });
    expect(verify({})).toBeUndefined();
    expect(verify({ method: 'PUT' })).toBe('wrong signature');
    expect(verify({ url: '/foo?param=other' })).toBe('wrong signature');
    expect(verify({ rawHeaders: ['Host', 'other.example', ...headers] })).toBe('wrong signature');
    expect(verify({}, '{"a":1}')).toBe('wrong digest');
    expect(verify({}, '{}', { now: 1_031 })).toBe('expired');
    expect(verify({}, '{}', { keys: { 'gateway-1': Buffer.from('another') } })).toBe('wrong signature');
  });
});

describe('the key of signatures', () => {
  function fileWith(text: string): string {
    const dir = mkdtempSync(join(tmpdir(), 'headgate-key-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'key');
    writeFileSync(file, text);
    return file;
  }

  const keyOf = (settings: object, options = {}) =>
    signingKey({ key: 'KEY', settings: { key_encoding: 'utf8', ...settings } as never }, options);

  it('is the text, or what base64 stands for', () => {
    expect(keyOf({ key: KEY.toString() })()).toEqual(KEY);
    expect(keyOf({ key: SECRET.toString('base64'), key_encoding: 'base64' })()).toEqual(SECRET);
  });

  it('is read again when its file changes; while that has no good key, the last good one is used', () => {
    let now = 0;
    const problems: string[] = [];
    const file = fileWith(`${KEY}\n`);
    const key = keyOf({ key_file: file }, { now: () => now, onProblem: (message: string) => problems.push(message) });
    expect(key()).toEqual(KEY);
    writeFileSync(file, 'short');
    now += 2_000;
    expect(key()).toEqual(KEY);
    expect(key()).toEqual(KEY);
    expect(problems).toEqual([
      'KEY.key_file: the key has 5 bytes; expected 32 or more: make one with `openssl rand -base64 48`; the previous key is used',
    ]);
    writeFileSync(file, SECRET.toString('base64'));
    now += 2_000;
    expect(key()).toEqual(Buffer.from(SECRET.toString('base64')));
    rmSync(file);
    now += 2_000;
    expect(key()).toEqual(Buffer.from(SECRET.toString('base64')));
    expect(problems.at(-1)).toContain('cannot be read (ENOENT)');
  });

  it.each([
    [{ key: 'short' }, 'KEY.key: the key has 5 bytes; expected 32 or more'],
    [{ key: 'not base64!'.repeat(9), key_encoding: 'base64' }, 'KEY.key: the key is not base64'],
    [
      { key_file: '/no/such/file' },
      'KEY.key_file: /no/such/file cannot be read (ENOENT); expected a file with the key',
    ],
  ])('is refused: %j', (settings, message) => expect(() => keyOf(settings)).toThrow(message));
});
