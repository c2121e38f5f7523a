import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEncryptor } from '../../../src/policy/login/encryption.ts';

const [old, next] = [randomBytes(32), randomBytes(32)];
const encryptor = createEncryptor([old]);

test('what is sealed can be opened, for the same purpose alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (text, about, other) => {
      fc.pre(about !== other);
      const encrypted = encryptor.encrypt(text, about);
      expect(encryptor.decrypt(encrypted, about)).toBe(text);
      expect(encryptor.decrypt(encrypted, other)).toBeUndefined();
    }),
  );
});

test('nothing that was changed, cut or made up can be opened', () => {
  const bytes = Buffer.from(encryptor.encrypt('the tokens of ada', 'session 1'), 'base64url');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(encryptor.decrypt(changed.toString('base64url'), 'session 1')).toBeUndefined();
    expect(encryptor.decrypt(bytes.subarray(0, at).toString('base64url'), 'session 1')).toBeUndefined();
  }
  expect(encryptor.decrypt('', 'session 1')).toBeUndefined();
});

test('no two seals of a text are the same', () => {
  expect(encryptor.encrypt('text', 'about')).not.toBe(encryptor.encrypt('text', 'about'));
});

test('keys are rotated: the first seals, all open, and one that is gone opens nothing', () => {
  const before = encryptor.encrypt('text', 'about');
  const rotating = createEncryptor([next, old]);
  const after = rotating.encrypt('text', 'about');
  expect(rotating.decrypt(before, 'about')).toBe('text');
  const rotated = createEncryptor([next]);
  expect(rotated.decrypt(after, 'about')).toBe('text');
  expect(rotated.decrypt(before, 'about')).toBeUndefined();
});
