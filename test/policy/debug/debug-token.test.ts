import { describe, expect, it, test } from 'vitest';
import { debugAccess } from '../../../src/policy/debug/debug-access.ts';
import { checkDebugToken, signDebugToken } from '../../../src/policy/debug/debug-token.ts';

const SECRET = 'a secret of thirty-two characters';
const NOW = Date.UTC(2030, 0, 1);

describe('a debug token', () => {
  it('is accepted for an hour at most, and until it expires', async () => {
    const token = await signDebugToken(SECRET, 3_600, NOW);
    await checkDebugToken(token, SECRET, NOW);
    await checkDebugToken(token, SECRET, NOW + 3_599_000);
    await expect(checkDebugToken(token, SECRET, NOW + 3_600_000)).rejects.toThrow('it has expired');
  });

  it('is refused if it expires in an hour and a second, and accepted a second later', async () => {
    const token = await signDebugToken(SECRET, 3_601, NOW);
    await expect(checkDebugToken(token, SECRET, NOW)).rejects.toMatchObject({
      status: 403,
      code: 'DEBUG_TOKEN_INVALID',
      message: expect.stringContaining('it is valid for 3601 more seconds; expected at most 3600'),
    });
    await checkDebugToken(token, SECRET, NOW + 1_000);
  });
});

const OFF = { enabled: false, token_secret: SECRET };

test.each([
  ['dev, without a secret', { enabled: true }, true, undefined],
  ['dev, with a secret', { enabled: true, token_secret: SECRET }, true, undefined],
  ['dev, where it is switched off', OFF, true, 'DEBUG_NOT_ALLOWED'],
  ['production, without a secret', { enabled: true }, false, 'DEBUG_NOT_ALLOWED'],
  ['production, with a secret', { enabled: true, token_secret: SECRET }, false, 'DEBUG_TOKEN_REQUIRED'],
  ['production, where it is switched off', OFF, false, 'DEBUG_NOT_ALLOWED'],
])('without a token, in %s', (_, settings, dev, code) => {
  const check = () => debugAccess({ token_secret: undefined, ...settings }, dev).check('trace', undefined);
  if (code === undefined) expect(check()).toBeUndefined();
  else expect(check).toThrow(expect.objectContaining({ code }));
});

test('where traces are off, the refusal says which setting allows them', () => {
  const check = () => debugAccess({ enabled: true, token_secret: undefined }, false).check('trace', undefined);
  expect(check).toThrow('ask an operator to set debug.token_secret');
});
