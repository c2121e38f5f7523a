import { expect, test } from 'vitest';
import { jwksSection } from '../../src/config/sections/jwks.ts';

const url = 'https://login.example/jwks';

test('a key set is used for a day while it cannot be fetched, and its tokens need an expiry', () => {
  expect(jwksSection.parse({ url })).toMatchObject({ max_age: 86_400_000, require_expiration: true });
  expect(jwksSection.parse({ url }).types).toBeUndefined();
});

test.each([{ poll_interval: '24h' }, { poll_interval: '10m', max_age: '10m' }, { max_age: '1m' }])(
  'a key set that would be too old before it is fetched again is refused: %j',
  (times) => {
    const { error } = jwksSection.safeParse({ url, ...times });
    expect(error?.issues).toMatchObject([{ path: ['max_age'], message: expect.stringContaining('poll_interval') }]);
  },
);
