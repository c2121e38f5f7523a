import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { introspectionEndpointsSection } from '../../../src/config/sections/introspection-endpoints.ts';
import { claimsOfToken, identityOfClaims } from '../../../src/policy/authentication/claims.ts';
import { Introspector } from '../../../src/policy/authentication/introspection.ts';
import { ExactNumber, stringifyJson } from '../../../src/shared/exact-json.ts';

const tokenOf = (json: string) => `e30.${Buffer.from(json).toString('base64url')}.x`;

test('numbers keep their digits, within other claims too', () => {
  const json = '{"sub":9007199254740993,"org":{"ids":[12345678901234567890,1.10]},"rate":0.5}';
  expect(stringifyJson(claimsOfToken(tokenOf(json)))).toBe(json);
  expect(identityOfClaims('jwt', claimsOfToken(tokenOf(json))).subject).toBe('9007199254740993');
});

test('times are plain numbers, whatever their form', () => {
  const { exp, nbf, iat } = claimsOfToken(tokenOf('{"exp":1.7e9,"nbf":1600000000.0,"iat":17}'));
  expect([exp, nbf, iat]).toEqual([1_700_000_000, 1_600_000_000, 17]);
});

test('what a server says of an opaque token keeps its digits, too', async () => {
  const server = createServer((_req, res) =>
    res.setHeader('content-type', 'application/json').end('{"active":true,"sub":"ada","tenant":9007199254740993}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const introspector = new Introspector({
    endpoints: introspectionEndpointsSection.parse([{ url, client_id: 'gateway', client_secret: 'a secret' }]),
    clockToleranceMs: 0,
    requiredClaims: [],
    maxTokenBytes: 8_192,
  });
  const { subject, claims } = await introspector.verify('opaque');
  expect([subject, claims.tenant]).toEqual(['ada', new ExactNumber('9007199254740993')]);
});
