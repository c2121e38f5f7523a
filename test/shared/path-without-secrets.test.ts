import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { pathWithoutSecrets } from '../../src/shared/path-without-secrets.ts';

const HIDDEN = 'the file (its name is not shown: it may be a key)';

test.each([
  '/etc/tls/server.key',
  'tls/none.pem',
  '/run/secrets/tls_key',
  '/no/such/signing-key',
  '/tmp/key',
  '/no/such/file',
])('the path %s is shown', (path) => {
  expect(pathWithoutSecrets(path)).toBe(path);
});

test.each<[string, () => string]>([
  ['in hexadecimal', () => randomBytes(32).toString('hex')],
  ['in base64', () => randomBytes(138).toString('base64')],
  ['in base64, behind the folder of the config', () => `/etc/headgate/${randomBytes(48).toString('base64')}`],
  ['in base64url', () => randomBytes(64).toString('base64url')],
  [
    'in PEM behind another line',
    () => `Bag Attributes\n-----BEGIN PRIVATE KEY-----\n${randomBytes(48).toString('base64')}`,
  ],
  ['of words', () => 'a secret of words v1.2'],
])('a key %s in place of a path is not shown', (_, key) => {
  for (let run = 0; run < 100; run++) expect(pathWithoutSecrets(key())).toBe(HIDDEN);
});
