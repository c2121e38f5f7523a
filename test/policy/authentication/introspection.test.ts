import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { introspectionEndpointsSection } from '../../../src/config/sections/introspection-endpoints.ts';
import { Introspector } from '../../../src/policy/authentication/introspection.ts';
import { ExactNumber } from '../../../src/shared/exact-json.ts';

const NOW = 1_800_000_000;

/** A server that says of each token what stands in it, as it stands there. */
async function introspector(clock = { seconds: NOW }) {
  let asked = 0;
  const server = createServer(async (req, res) => {
    asked++;
    let body = '';
    for await (const chunk of req) body += chunk;
    const token = new URLSearchParams(body).get('token') ?? '';
    res.setHeader('content-type', 'application/json').end(Buffer.from(token, 'base64url').toString());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const made = new Introspector({
    endpoints: introspectionEndpointsSection.parse([{ url, client_id: 'c' }]),
    clockToleranceMs: 5_000,
    requiredClaims: [],
    maxTokenBytes: 8_192,
    now: () => clock.seconds * 1_000,
  });
  const tokenFor = (text: string) => Buffer.from(text).toString('base64url');
  return {
    verify: (text: string) => made.verify(tokenFor(text)),
    cachedIdentity: (text: string) => made.cachedIdentity(tokenFor(text)),
    asked: () => asked,
  };
}

test('numbers of what a server says keep their digits', async () => {
  const { verify } = await introspector();
  const { claims } = await verify('{"active":true,"sub":"ada","account":9007199254740993,"level":7}');
  expect(claims).toMatchObject({ account: new ExactNumber('9007199254740993'), level: 7 });
  const [one, other] = await Promise.all(
    ['9007199254740992', '9007199254740993'].map((sub) => verify(`{"active":true,"username":"u","n":[${sub}]}`)),
  );
  expect(one?.claims.n).toEqual([new ExactNumber('9007199254740992')]);
  expect(other?.claims.n).toEqual([new ExactNumber('9007199254740993')]);
});

test('what was said of a token is not used for longer than it was said for', async () => {
  const clock = { seconds: NOW };
  const { verify, cachedIdentity } = await introspector(clock);
  const forever = '{"active":true,"sub":"ada"}';
  const short = `{"active":true,"sub":"bob","exp":${NOW + 10}}`;
  await Promise.all([verify(forever), verify(short)]);
  clock.seconds = NOW + 9;
  expect([cachedIdentity(forever)?.subject, cachedIdentity(short)?.subject]).toEqual(['ada', 'bob']);
  clock.seconds = NOW + 10;
  expect([cachedIdentity(forever)?.subject, cachedIdentity(short)?.subject]).toEqual(['ada', undefined]);
  clock.seconds = NOW + 30;
  expect(cachedIdentity(forever)).toBeUndefined();
});

test.each([
  ['exp', NOW - 6, 'expired'],
  ['nbf', NOW + 6, 'not_yet_valid'],
  ['iat', NOW + 6, 'not_yet_valid'],
])('a token whose %s is %i does not hold', async (name, at, kind) => {
  const { verify } = await introspector();
  await expect(verify(`{"active":true,"${name}":${at}}`)).rejects.toMatchObject({ kind });
});
