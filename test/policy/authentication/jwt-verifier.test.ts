import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Issuer, JwtVerifier, type JwtVerifierOptions } from '../../../src/policy/authentication/jwt-verifier.ts';
import { type KeySet, secretKey } from '../../../src/policy/authentication/key-set.ts';
import { ExactNumber } from '../../../src/shared/exact-json.ts';

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
    issuers: [
      { keys, issuers: undefined, audiences: undefined, algorithms: new Set(['HS256']), requiresExpiry: false },
    ],
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
    ['iat', { iat: NOW + 4 }, true],
    ['iat', { iat: NOW + 6 }, false],
  ])('of %s hold within the tolerance: %j', async (_name, claims, good) => {
    const check = verifier().jwt.verify(await sign(claims));
    if (good) expect((await check).subject).toBe('ada');
    else await expect(check).rejects.toThrow(/exp|nbf|iat/);
  });
});

/** Signs a text as it is: for headers and payloads that no library would write. */
function signText(header: object, payload: string): string {
  const [first, second] = [JSON.stringify({ alg: 'HS256', ...header }), payload].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const signature = createHmac('sha256', SECRET).update(`${first}.${second}`).digest('base64url');
  return `${first}.${second}.${signature}`;
}

describe('a token without an expiry', () => {
  const strict = (more: Partial<Issuer> = {}) => {
    const issuer = {
      keys: secretKey(SECRET),
      issuers: undefined,
      audiences: undefined,
      algorithms: new Set(['HS256']),
    };
    return verifier({ issuers: [{ ...issuer, requiresExpiry: true, ...more }] }).jwt;
  };

  it('is refused, but where its issuer may leave it out', async () => {
    await expect(strict().verify(await sign({}))).rejects.toMatchObject({ kind: 'claims', message: /"exp"/ });
    expect((await strict().verify(await sign({ exp: NOW + 60 }))).subject).toBe('ada');
    expect((await strict({ requiresExpiry: false }).verify(await sign({}))).subject).toBe('ada');
  });

  it.each(['null', '"never"', '1e999', '{}', 'true'])('is also one whose exp is %s', async (exp) => {
    const token = signText({}, `{"sub":"ada","exp":${exp}}`);
    await expect(strict().verify(token)).rejects.toThrow(/exp/);
    await expect(strict({ requiresExpiry: false }).verify(token)).rejects.toThrow(/exp/);
  });
});

describe('the type of a token', () => {
  const check = (typ: unknown, types?: string[]) => {
    const issuer = { keys: secretKey(SECRET), issuers: undefined, audiences: undefined, requiresExpiry: false };
    const { jwt } = verifier({ issuers: [{ ...issuer, algorithms: new Set(['HS256']), types }] });
    return jwt.verify(signText(typ === undefined ? {} : { typ }, '{"sub":"ada"}'));
  };

  it.each([undefined, 'JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/JWT'])(
    '%j is one of an access token',
    async (typ) => {
      expect((await check(typ)).subject).toBe('ada');
    },
  );

  it.each([
    'logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'application/logout+jwt',
    'JOSE',
    '',
    'at+jwt ',
    7,
    ['JWT'],
    null,
  ])('%j is not', async (typ) => {
    await expect(check(typ)).rejects.toMatchObject({ kind: 'claims', message: expect.stringContaining('typ is') });
  });

  it('is what the config says, where it says something', async () => {
    expect((await check('Shop+JWT', ['application/shop+jwt'])).subject).toBe('ada');
    await expect(check('JWT', ['shop+jwt'])).rejects.toThrow('typ is "JWT"; expected shop+jwt');
    await expect(check(undefined, ['shop+jwt'])).rejects.toThrow('typ is undefined');
  });
});

it.each([[['exp']], [['http://example.com/x']], [['b64']], [[]], ['exp'], [[1]]])(
  'what a token says is critical is understood or refused: %j',
  async (crit) => {
    const token = signText({ crit, b64: false, 'http://example.com/x': 1, exp: 1 }, '{"sub":"ada"}');
    await expect(verifier().jwt.verify(token)).rejects.toThrow();
  },
);

it('numbers in claims keep their digits', async () => {
  const { jwt } = verifier();
  const claims = async (payload: string) => (await jwt.verify(signText({}, payload))).claims;
  expect(
    await claims('{"sub":9007199254740993,"n":7,"list":[12345678901234567890,1.5],"o":{"x":0.10000000000000000555}}'),
  ).toEqual({
    sub: new ExactNumber('9007199254740993'),
    n: 7,
    list: [new ExactNumber('12345678901234567890'), 1.5],
    o: { x: new ExactNumber('0.10000000000000000555') },
  });
  const [one, other] = ['9007199254740992', '9007199254740993'].map((sub) => signText({}, `{"sub":${sub}}`));
  expect([(await jwt.verify(one as string)).subject, (await jwt.verify(other as string)).subject]).toEqual([
    '9007199254740992',
    '9007199254740993',
  ]);
});

it('no scope has a blank in it, to be read as two', async () => {
  const { jwt } = verifier();
  const scopes = async (claims: object) => (await jwt.verify(await sign(claims))).scopes;
  expect(await scopes({ scp: ['read', 'write admin', 'a\tb', 'c\nd', 'é', 7] })).toEqual(['read', 'é']);
  expect(await scopes({ scope: 'read  write' })).toEqual(['read', 'write']);
});

describe('a token that was verified', () => {
  it('is not known any more when its keys are too old to be trusted', async () => {
    let old = false;
    const keys = { ...secretKey(SECRET), isTooOld: () => old };
    const issuer = { keys, issuers: undefined, audiences: undefined, requiresExpiry: false };
    const { jwt } = verifier({ issuers: [{ ...issuer, algorithms: new Set(['HS256']) }] });
    const token = await sign({ exp: NOW + 60 });
    const identity = await jwt.verify(token);
    expect(jwt.cachedIdentity(token)).toBe(identity);
    old = true;
    expect(jwt.cachedIdentity(token)).toBeUndefined();
  });

  it('is known without another check until it expires', async () => {
    const { jwt, clock } = verifier();
    const token = await sign({ exp: NOW + 60 });
    expect(jwt.cachedIdentity(token)).toBeUndefined();
    const identity = await jwt.verify(token);
    expect(jwt.cachedIdentity(token)).toBe(identity);
    clock.seconds = NOW + 64;
    expect(jwt.cachedIdentity(token)).toBe(identity);
    clock.seconds = NOW + 65;
    expect(jwt.cachedIdentity(token)).toBeUndefined();
    expect(clock.checks).toBe(1);
  });

  it('without an expiry is checked again after five minutes', async () => {
    const { jwt, clock } = verifier();
    const token = await sign({});
    await jwt.verify(token);
    clock.seconds = NOW + 299;
    expect(jwt.cachedIdentity(token)).toBeDefined();
    clock.seconds = NOW + 300;
    expect(jwt.cachedIdentity(token)).toBeUndefined();
  });

  it('is not known any more when the keys have changed', async () => {
    const { jwt, clock } = verifier();
    const token = await sign({});
    await jwt.verify(token);
    clock.version++;
    expect(jwt.cachedIdentity(token)).toBeUndefined();
  });

  it('is not known for one that differs only in its last character', async () => {
    const { jwt } = verifier();
    const token = await sign({});
    await jwt.verify(token);
    expect(jwt.cachedIdentity(`${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`)).toBeUndefined();
    expect(jwt.cachedIdentity(`${token} `)).toBeUndefined();
  });

  it('leaves when there are more of them than are remembered', async () => {
    const { jwt } = verifier();
    const tokens = await Promise.all(['a', 'b', 'c'].map((jti) => sign({ jti })));
    for (const token of tokens) await jwt.verify(token);
    expect(tokens.map((token) => jwt.cachedIdentity(token) !== undefined)).toEqual([false, true, true]);
  });

  it('is not remembered where nothing is to be', async () => {
    const { jwt } = verifier({ cacheEntries: 0 });
    const token = await sign({});
    await jwt.verify(token);
    expect(jwt.cachedIdentity(token)).toBeUndefined();
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
  expect([jwt.hasIssuerFor(token), clock.checks]).toEqual([false, 0]);
});

it('of several issuers the one that the token names is asked, and its key must fit', async () => {
  const issuer = (name: string, secret: string) => ({
    keys: secretKey(secret),
    issuers: [name],
    audiences: undefined,
    algorithms: new Set(['HS256']),
    requiresExpiry: false,
  });
  const other = 'another secret of thirty-two characters';
  const { jwt } = verifier({ issuers: [issuer('one', SECRET), issuer('two', other)] });
  expect((await jwt.verify(await sign({ iss: 'one' }))).subject).toBe('ada');
  expect((await jwt.verify(await sign({ iss: 'two' }, other))).subject).toBe('ada');
  await expect(jwt.verify(await sign({ iss: 'two' }))).rejects.toThrow('signature verification failed');
  await expect(jwt.verify(await sign({ iss: 'three' }))).rejects.toThrow(
    'no issuer is configured for alg "HS256", iss "three"',
  );
  const foreign = await new SignJWT({ iss: 'one' }).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey);
  expect(decodeProtectedHeader(foreign).alg).toBe('RS256');
  await expect(jwt.verify(foreign)).rejects.toThrow('no issuer is configured for alg "RS256"');
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
