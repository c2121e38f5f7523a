import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseApiKeyFile } from '../../../src/policy/authentication/api-key-record.ts';
import { FileKeySet } from '../../../src/policy/authentication/key-set.ts';
import { folderWith } from '../../composition/folder.ts';

test('key files may begin with a byte order mark', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' };
  const dir = await folderWith({ 'jwks.json': `\ufeff${JSON.stringify({ keys: [jwk] })}` });
  const keys = new FileKeySet(join(dir, 'jwks.json'), 'jwks');
  await expect(keys.find({ alg: 'ES256', kid: 'one' })).resolves.toHaveLength(1);
  await expect(keys.find({ alg: 'ES256', kid: 'two' })).resolves.toEqual([]);
  expect(parseApiKeyFile('\ufeff{"keys": []}')).toEqual([]);
});
