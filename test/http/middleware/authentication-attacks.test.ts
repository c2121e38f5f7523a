import { createHmac, createPublicKey, type JsonWebKey, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpWorld, httpWorld } from '../../gateway/http-world.ts';
import { post } from '../../gateway/serving.ts';
import { AUDIENCE, IdentityProvider } from '../../policy/authentication/identity-provider.ts';

const SECRET = 'a secret that only the second issuer knows';
const SECOND = 'https://second.example';

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await IdentityProvider.start();
});

afterAll(() => provider.stop());

const shop = {
  orders: {
    typeDefs: 'type Query { orders: [String!] } type Mutation { buy: Boolean }',
    resolvers: { Query: { orders: () => ['o1'] }, Mutation: { buy: () => true } },
  },
};

/** Two issuers: the provider with its public keys, and one with a secret. */
function guarded(): Promise<HttpWorld> {
  const jwks = [
    { url: provider.keySetUrl, issuer: provider.issuer, audience: AUDIENCE },
    { secret: SECRET, issuer: SECOND, audience: AUDIENCE },
  ];
  return httpWorld(shop, {
    config: {
      authentication: { router: { jwt: { jwks } }, required_claims: ['sub'], clock_tolerance: '1s' },
      headers: {
        all: { request: [{ propagate: { matching: '.*' } }, { insert: { name: 'x-user-id', from_claim: 'sub' } }] },
      },
    },
  });
}

const part = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const soon = () => Math.floor(Date.now() / 1000) + 600;
const claims = (more: object = {}) => ({ iss: provider.issuer, aud: AUDIENCE, sub: 'root', exp: soon(), ...more });

/** A token whose "signature" is an HMAC with a key that is no secret. */
function hmac(header: object, key: string | Buffer): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims())}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

const publicPem = () =>
  createPublicKey({ key: provider.key.jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });

const attacker = generateKeyPair('RS256', { extractable: true });

/** Signed with a key of the attacker's, which the header points to or brings along. */
async function forged(header: object): Promise<string> {
  const { privateKey } = await attacker;
  return new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: provider.key.kid, ...header }).sign(privateKey);
}

const second = (more: object) =>
  new SignJWT(claims({ iss: SECOND, ...more }))
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));

const TOKENS: [what: string, make: () => string | Promise<string>][] = [
  ['alg none', () => `${part({ alg: 'none' })}.${part(claims())}.`],
  ['alg None', () => `${part({ alg: 'None', kid: provider.key.kid })}.${part(claims())}.`],
  ['alg none with a signature', () => `${part({ alg: 'none' })}.${part(claims())}.${part('x')}`],
  ['no alg', () => `${part({})}.${part(claims())}.${part('x')}`],
  ['alg of another type', () => `${part({ alg: ['RS256'] })}.${part(claims())}.${part('x')}`],
  ['alg __proto__', () => `${part('{"alg":"__proto__"}')}.${part(claims())}.${part('x')}`],
  ['HS256 with the public key as its secret', () => hmac({ kid: provider.key.kid }, publicPem())],
  [
    'HS256 with the modulus as its secret',
    () => hmac({ kid: provider.key.kid }, Buffer.from(String(provider.key.jwk.n))),
  ],
  ['HS256 with an empty secret', () => hmac({}, '')],
  ["the second issuer's secret, in the first one's name", () => hmac({}, SECRET)],
  ["the first issuer's key, in the second one's name", () => provider.sign({ iss: SECOND })],
  ['another issuer', () => provider.sign({ iss: 'https://evil.example' })],
  ['no issuer', () => provider.sign({ iss: undefined })],
  ['an issuer that is a list', () => provider.sign({ iss: [provider.issuer] })],
  ['another audience', () => provider.sign({ aud: 'https://other.example' })],
  ['no audience', () => provider.sign({ aud: undefined })],
  ['an audience that begins alike', () => provider.sign({ aud: `${AUDIENCE}.evil.example` })],
  ['expired', () => provider.sign({ exp: soon() - 700 })],
  ['exp as text', () => provider.sign({ exp: String(soon()) })],
  ['valid in the future', () => provider.sign({ nbf: soon() })],
  ['a required claim missing', () => provider.sign({ sub: undefined })],
  ['a key of the attacker', () => forged({})],
  ['jwk', async () => forged({ jwk: await exportJWK((await attacker).publicKey) })],
  ['jku', () => forged({ jku: 'http://127.0.0.1:9/keys' })],
  ['x5u', () => forged({ x5u: 'http://127.0.0.1:9/cert' })],
  ['kid as a path', () => forged({ kid: '../../../../dev/null' })],
  ['kid as an address', () => forged({ kid: 'http://127.0.0.1:9/key' })],
  ['kid as SQL', () => forged({ kid: "x' UNION SELECT 'key" })],
  ['kid __proto__', () => forged({ kid: '__proto__' })],
  ['kid as a number', () => `${part({ alg: 'RS256', kid: 1 })}.${part(claims())}.${part('x')}`],
  ['crit that nobody knows', () => `${part({ alg: 'RS256', crit: ['exp'], exp: 1 })}.${part(claims())}.${part('x')}`],
  ['crit b64', () => `${part({ alg: 'RS256', crit: ['b64'], b64: false })}.${part(claims())}.${part('x')}`],
  ['crit that is empty', () => `${part({ alg: 'RS256', crit: [] })}.${part(claims())}.${part('x')}`],
  ['a signature cut off', async () => (await provider.sign({})).slice(0, -8)],
  ['no signature', async () => `${(await provider.sign({})).split('.').slice(0, 2).join('.')}.`],
  ['claims of another token', async () => (await provider.sign({})).replace(/\.[^.]+\./, `.${part(claims())}.`)],
  ['claims that are no object', () => `${part({ alg: 'RS256' })}.${part('[1]')}.${part('x')}`],
  ['what is not JSON', () => `${part('{')}.${part('{')}.${part('x')}`],
  ['deep JSON', () => `${part('['.repeat(2_000))}.${part('['.repeat(2_000))}.x`],
  ['two parts', () => 'a.b'],
  ['four parts', async () => `${await provider.sign({})}.x`],
  ['five parts, as if encrypted', () => 'eyJhbGciOiJkaXIifQ.a.b.c.d'],
  ['dots alone', () => '...'],
  ['a huge token', () => provider.sign({ pad: randomBytes(5_000).toString('hex') })],
  ['no token', () => ''],
  ['two tokens', async () => `${await provider.sign({})} ${await provider.sign({})}`],
  ['two tokens with a comma', async () => `${await provider.sign({})}, Bearer ${await provider.sign({})}`],
];

describe('tokens of an attacker', () => {
  it('are refused with 401 and one short sentence, whatever is wrong with them', async () => {
    const { server, calls } = await guarded();
    const answers = new Map<string, object>();
    for (const [what, make] of TOKENS) {
      const response = await post(server.url, { query: '{ orders }' }, { authorization: `Bearer ${await make()}` });
      const invalid = response.headers.get('www-authenticate')?.includes('error="invalid_token"');
      answers.set(what, { status: response.status, invalid, json: await response.json() });
    }
    const error = { message: 'The credential is not valid.', extensions: { code: 'UNAUTHENTICATED' } };
    const refused = { status: 401, invalid: true, json: { errors: [error] } };
    expect(answers).toEqual(new Map(TOKENS.map(([what]) => [what, refused])));
    expect(calls.orders).toBe(0);
  });

  it('and the valid ones beside them are accepted', async () => {
    const { server } = await guarded();
    for (const token of [await provider.sign({}), await second({})]) {
      const response = await post(server.url, { query: '{ orders }' }, { authorization: `Bearer ${token}` });
      expect(await response.json()).toEqual({ data: { orders: ['o1'] } });
    }
  });

  it('the log tells why, and never the token', async () => {
    const { server, lines } = await guarded();
    const token = await provider.sign({ aud: 'https://other.example' });
    await post(server.url, { query: '{ orders }' }, { authorization: `Bearer ${token}`, 'x-request-id': 'r1' });
    const line = lines.find(({ msg }) => msg === 'invalid credential');
    expect(line).toMatchObject({ requestId: 'r1', ip: '127.0.0.1', reason: 'unexpected "aud" claim value' });
    expect(JSON.stringify(lines)).not.toContain(token.split('.')[2]);
  });
});

/** Sends bytes as they are, and gives the status line and all that follows. */
function raw(port: number, lines: readonly string[], body = '{"query":"{ orders }"}'): Promise<string> {
  const head = ['POST /graphql HTTP/1.1', 'host: x', 'content-type: application/json', 'connection: close'];
  const text = [...head, `content-length: ${body.length}`, ...lines, '', body].join('\r\n');
  return new Promise((resolve, reject) => {
    let answer = '';
    connect(port, '127.0.0.1', function (this: import('node:net').Socket) {
      this.write(text, 'latin1');
    })
      .on('data', (chunk) => {
        answer += chunk;
      })
      .on('end', () => resolve(answer))
      .on('error', reject);
  });
}

describe('headers that are not what they seem', () => {
  it('two authorization headers are refused, though the first is good', async () => {
    const { server } = await guarded();
    const good = await provider.sign({});
    const answer = await raw(server.port, [`Authorization: Bearer ${good}`, 'authorization: Bearer x']);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(server.port, [`Authorization: bearer   ${good} `])).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['other letters', ['X-User-ID: root', 'x-USER-id: root']],
    ['named in connection', ['x-user-id: root', 'connection: x-user-id']],
    ['other signs', ['x_user_id: root', 'x-user.id: root', "x'user~id: root"]],
  ])('identity headers of the client do not reach subgraphs: %s', async (_what, lines) => {
    const { server, seen } = await guarded();
    expect(await raw(server.port, lines)).toMatch(/^HTTP\/1\.1 200 /);
    expect(Object.keys(seen.orders?.[0] ?? {}).filter((name) => /user.id/.test(name))).toEqual([]);
  });

  it.each([
    ['a line feed', 'x-note: a\nx-user-id: root'],
    ['a carriage return', 'x-note: a\rx-user-id: root'],
    ['a null byte', 'x-note: a\0b'],
    ['a folded line', 'x-note: a\r\n x-user-id: root'],
  ])('%s in a value makes no second header', async (_what, line) => {
    const { server, seen } = await guarded();
    expect(await raw(server.port, [line])).toMatch(/^HTTP\/1\.1 (200|400) /);
    for (const headers of seen.orders ?? []) expect(headers).not.toHaveProperty('x-user-id', 'root');
  });

  it('a claim with line breaks is not sent at all', async () => {
    const { server, seen } = await guarded();
    const token = await provider.sign({ sub: 'ada\r\nx-admin: true' });
    const response = await post(server.url, { query: '{ orders }' }, { authorization: `Bearer ${token}` });
    expect(response.status).toBe(200);
    expect(seen.orders?.[0]).not.toHaveProperty('x-user-id');
    expect(seen.orders?.[0]).not.toHaveProperty('x-admin');
  });

  it('a claim beyond ASCII goes as UTF-8', async () => {
    const { server, seen } = await guarded();
    const token = await provider.sign({ sub: 'Zoë 愛' });
    await post(server.url, { query: '{ orders }' }, { authorization: `Bearer ${token}` });
    expect(Buffer.from(String(seen.orders?.[0]?.['x-user-id']), 'latin1').toString('utf8')).toBe('Zoë 愛');
  });
});
