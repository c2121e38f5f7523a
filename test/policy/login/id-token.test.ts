import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { loginSection } from '../../../src/config/sections/login.ts';
import { OpenIdProvider, type Transaction } from '../../../src/policy/login/provider.ts';
import { LoginFailed } from '../../../src/policy/login/provider-errors.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

const known = await generateKeyPair('RS256', { extractable: true });
const unknown = await generateKeyPair('RS256');

const TRANSACTION: Transaction = {
  state: 'the state',
  nonce: 'the nonce',
  verifier: 'v'.repeat(43),
  redirectUri: 'https://shop.example/bff/web/callback',
};

/** What is handed out for the code. */
interface Handed {
  readonly claims?: JWTPayload;
  readonly key?: typeof unknown;
  readonly unsigned?: boolean;
  readonly without?: boolean;
  readonly tokenType?: string;
  /** A payload to sign as it is, for numbers that no library would write; `ISSUER` stands for the provider. */
  readonly text?: string;
  readonly userInfo?: string;
}

/** A provider that hands out whatever ID token a test wants, where no real one would. */
async function redeemAt({ claims, key = known, unsigned, without, tokenType = 'Bearer', text, userInfo }: Handed) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: 'shop', sub: 'ada', nonce: 'the nonce', iat: now, exp: now + 60, ...claims };
  const idToken = unsigned
    ? new UnsecuredJWT(payload).encode()
    : text
      ? await new CompactSign(Buffer.from(text.replaceAll('ISSUER', issuer).replaceAll('NOW', String(now))))
          .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
          .sign(key.privateKey)
      : await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(key.privateKey);
  const answers: Record<string, object> = {
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      ...(userInfo && { userinfo_endpoint: `${issuer}/userinfo` }),
      id_token_signing_alg_values_supported: ['RS256'],
    },
    '/jwks': { keys: [{ ...(await exportJWK(known.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] },
    '/token': { access_token: 'a', token_type: tokenType, expires_in: 60, ...(!without && { id_token: idToken }) },
  };
  server.on('request', (req, res) => {
    res.setHeader('content-type', 'application/json');
    if (req.url === '/userinfo') return void res.end(userInfo);
    res.end(JSON.stringify(answers[req.url ?? ''] ?? {}));
  });
  const settings = loginSection.parse({ web: { issuer, client_id: 'shop', client_secret: 's' } });
  const provider = new OpenIdProvider(settings.web as never, createLogger({ level: 'silent' }), Date.now);
  return provider.redeem(new URLSearchParams({ code: 'c', state: 'the state' }), TRANSACTION);
}

test('numbers of the ID token and of what is known of the user beside it keep their digits', async () => {
  const text = `{"iss":"ISSUER","aud":"shop","sub":"ada","nonce":"the nonce","iat":NOW,"exp":NOW9,"account":9007199254740993}`;
  const userInfo = '{"sub":"ada","name":"Ada","seat":12345678901234567890,"account":1}';
  expect((await redeemAt({ text: text.replace('NOW9', '9999999999'), userInfo })).claims).toMatchObject({
    account: '9007199254740993',
    seat: '12345678901234567890',
    name: 'Ada',
  });
});

test('an ID token of the provider, for this login, is taken', async () => {
  expect(await redeemAt({})).toMatchObject({ claims: { sub: 'ada' }, tokens: { access: 'a', refresh: undefined } });
});

const ago = Math.floor(Date.now() / 1000) - 3_600;

test.each<Handed & { what: string }>([
  { what: 'of another login', claims: { nonce: 'another' } },
  { what: 'that does not say for which login it is', claims: { nonce: undefined } },
  { what: 'for another client', claims: { aud: 'another' } },
  { what: 'for several clients, handed to another one', claims: { aud: ['shop', 'another'], azp: 'another' } },
  { what: 'of another provider', claims: { iss: 'https://evil.example' } },
  { what: 'that has expired', claims: { iat: ago, exp: ago + 60 } },
  { what: 'about nobody', claims: { sub: undefined } },
  { what: 'signed by somebody else', key: unknown },
  { what: 'with no signature', unsigned: true },
  { what: 'that is not there', without: true },
  { what: 'beside an access token of a kind that cannot be forwarded', tokenType: 'DPoP' },
])('an ID token $what is refused', async (handed) => {
  await expect(redeemAt(handed)).rejects.toThrow(LoginFailed);
});
