import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { introspectionEndpointsSection } from '../../../src/config/sections/introspection-endpoints.ts';
import { claimsOfToken } from '../../../src/policy/authentication/claims.ts';
import { Introspector } from '../../../src/policy/authentication/introspection.ts';

test('numbers that JavaScript would change are the text of their digits; all others stay numbers', () => {
  const payload = Buffer.from('{"sub":9007199254740993,"at":{"tenant":12345678901234567890},"exp":17,"rate":0.5}');
  expect(claimsOfToken(`e30.${payload.toString('base64url')}.x`)).toEqual({
    sub: '9007199254740993',
    at: { tenant: '12345678901234567890' },
    exp: 17,
    rate: 0.5,
  });
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
  expect([subject, claims.tenant]).toEqual(['ada', '9007199254740993']);
});
