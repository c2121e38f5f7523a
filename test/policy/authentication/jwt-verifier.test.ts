import { decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { JwtVerifier, type JwtVerifierOptions } from '../../../src/policy/authentication/jwt-verifier.ts';
import { type KeySet, secretKey } from '../../../src/policy/authentication/key-set.ts';

const SECRET = 'a secret that is thirty-two characters';
const NOW = 1_800_000_000;

let rsa: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  rsa = await generateKeyPair('RS256');
});

const sign = (claims: object, secret = SECRET) =>
  new SignJWT({ sub: 'ada', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));

/** A verifier under a clock of the test's, which says how often keys were asked for. */
function verifier(options: Partial<JwtVerifierOptions> = {}) {
  const inner = secretKey(SECRET);
  const clock = { seconds: NOW, checks: 0, version: 0 };
  const keys: KeySet = {
    get version() {
      return clock.version;
    },
    find: (choice) => {
      clock.checks++;
      return inner.find(choice);
    },
    close() {},
  };
  const jwt = new JwtVerifier({
    issuers: [{ keys, issuers: undefined, audiences: undefined, algorithms: new Set(['HS256']) }],
    clockToleranceMs: 5_000,
    requiredClaims: [],
    maxTokenBytes: 8_192,
    cacheEntries: 2,
    now: () => clock.seconds * 1_000,
    ...options,
  });
  return { jwt, clock };
}

describe('times', () => {
  it.each([
    ['exp', { exp: NOW - 4 }, true],
    ['exp', { exp: NOW - 6 }, false],
    ['nbf', { nbf: NOW + 4 }, true],
    ['nbf', { nbf: NOW + 6 }, false],
  ])('of %s hold within the tolerance: %j', async (_name, claims, good) => {
    const check = verifier().jwt.verify(await sign(claims));
    if (good) expect((await check).subject).toBe('ada');
    else await expect(check).rejects.toThrow(/exp|nbf/);
  });
});

describe('a token that was verified', () => {
  it('is known without another check until it expires', async () => {
    const { jwt, clock } = verifier();
    const token = await sign({ exp: NOW + 60 });
    expect(jwt.recall(token)).toBeUndefined();
    const identity = await jwt.verify(token);
    expect(jwt.recall(token)).toBe(identity);
    clock.seconds = NOW + 64;
    expect(jwt.recall(token)).toBe(identity);
    clock.seconds = NOW + 65;
    expect(jwt.recall(token)).toBeUndefined();
    expect(clock.checks).toBe(1);
  });

  it('without an expiry is checked again after five minutes', async () => {
    const { jwt, clock } = verifier();
    const token = await sign({});
    await jwt.verify(token);
    clock.seconds = NOW + 299;
    expect(jwt.recall(token)).toBeDefined();
    clock.seconds = NOW + 300;
    expect(jwt.recall(token)).toBeUndefined();
  });

  it('is not known any more when the keys have changed', async () => {
    const { jwt, clock } = verifier();
    const token = await sign({});
    await jwt.verify(token);
    clock.version++;
    expect(jwt.recall(token)).toBeUndefined();
  });

  it('is not known for one that is the same but for its last character', async () => {
    const { jwt } = verifier();
    const token = await sign({});
    await jwt.verify(token);
    expect(jwt.recall(`${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`)).toBeUndefined();
    expect(jwt.recall(`${token} `)).toBeUndefined();
  });

  it('leaves when there are more of them than are remembered', async () => {
    const { jwt } = verifier();
    const tokens = await Promise.all(['a', 'b', 'c'].map((jti) => sign({ jti })));
    for (const token of tokens) await jwt.verify(token);
    expect(tokens.map((token) => jwt.recall(token) !== undefined)).toEqual([false, true, true]);
  });

  it('is not remembered where nothing is to be', async () => {
    const { jwt } = verifier({ cacheEntries: 0 });
    const token = await sign({});
    await jwt.verify(token);
    expect(jwt.recall(token)).toBeUndefined();
  });
});

it('a token that several requests bring at once is checked once', async () => {
  const { jwt, clock } = verifier();
  const token = await sign({});
  await Promise.all([jwt.verify(token), jwt.verify(token), jwt.verify(token)]);
  expect(clock.checks).toBe(1);
});

it('a token that is too long is not read', async () => {
  const { jwt, clock } = verifier({ maxTokenBytes: 100 });
  const token = await sign({ pad: 'x'.repeat(100) });
  await expect(jwt.verify(token)).rejects.toThrow('longer than 100 bytes');
  expect([jwt.concerns(token), clock.checks]).toEqual([false, 0]);
});

it('of several issuers the one that the token names is asked, and its key must fit', async () => {
  const issuer = (name: string, secret: string) => ({
    keys: secretKey(secret),
    issuers: [name],
    audiences: undefined,
    algorithms: new Set(['HS256']),
  });
  const other = 'another secret of thirty-two characters';
  const { jwt } = verifier({ issuers: [issuer('one', SECRET), issuer('two', other)] });
  expect((await jwt.verify(await sign({ iss: 'one' }))).subject).toBe('ada');
  expect((await jwt.verify(await sign({ iss: 'two' }, other))).subject).toBe('ada');
  await expect(jwt.verify(await sign({ iss: 'two' }))).rejects.toThrow('signature verification failed');
  await expect(jwt.verify(await sign({ iss: 'three' }))).rejects.toThrow(
    'no issuer is known for alg "HS256", iss "three"',
  );
  const foreign = await new SignJWT({ iss: 'one' }).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey);
  expect(decodeProtectedHeader(foreign).alg).toBe('RS256');
  await expect(jwt.verify(foreign)).rejects.toThrow('no issuer is known for alg "RS256"');
});

it.each([
  [{ scope: 'a b  a' }, ['a', 'b']],
  [{ scp: ['a', 'b', 1] }, ['a', 'b']],
  [{ scp: 'a' }, ['a']],
  [{ scope: { a: 1 } }, []],
  [{}, []],
])('scopes of %j are %j', async (claims, scopes) => {
  expect((await verifier().jwt.verify(await sign(claims))).scopes).toEqual(scopes);
});
