import { describe, expect, test } from 'vitest';
import { loginSection } from '../../src/config/sections/login.ts';

const web = { issuer: 'https://id.example', client_id: 'shop' };
const key = Buffer.alloc(32, 7).toString('base64');

function problemsOf(settings: object, more: object = {}): string[] {
  const read = loginSection.safeParse({ web: { ...web, ...settings }, ...more });
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('login', () => {
  test('needs to know the provider and itself, and nothing else', () => {
    expect(loginSection.parse({ web }).web).toMatchObject({
      scopes: ['openid'],
      csrf: 'header',
      graphql: false,
      session: { store: 'memory', idle_timeout: 1_800_000, lifetime: 43_200_000 },
    });
  });

  test.each([
    ['https://shop.example', 'https://shop.example'],
    ['https://shop.example/', 'https://shop.example'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('is at an origin: %s', (public_url, origin) => {
    expect(loginSection.parse({ web: { ...web, public_url } }).web).toMatchObject({ public_url: origin });
  });

  test.each<[object, string]>([
    [{ public_url: 'http://shop.example' }, 'web.public_url: expected an origin'],
    [{ public_url: 'https://shop.example/app' }, 'web.public_url: expected an origin'],
    [{ public_url: 'http://localhost.evil.example' }, 'web.public_url: expected an origin'],
    [{ return_to: '//evil.example' }, 'web.return_to: expected a path of this site'],
    [{ after_logout: '/\\evil.example' }, 'web.after_logout: expected a path of this site'],
    [{ error_path: 'https://evil.example' }, 'web.error_path: expected a path of this site'],
    [{ authorization_params: { state: 'mine' } }, 'web.authorization_params.state: Invalid key in record'],
    [{ session: { store: 'redis' } }, 'web.session.keys: sessions in Redis are encrypted'],
    [{ session: { keys: ['short'] } }, 'web.session.keys.0: expected 32 random bytes in base64'],
    [{ scopes: ['two words'] }, 'web.scopes.0: expected scopes'],
  ])('says what is wrong with %j', (settings, problem) => {
    expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)]);
  });

  test('keeps sessions in Redis with a key', () => {
    expect(problemsOf({ session: { store: 'redis', keys: [key] } })).toEqual([]);
  });

  test('gives one client at most the session of /graphql', () => {
    const both = { mobile: { ...web, graphql: true } };
    expect(problemsOf({ graphql: true }, both)).toEqual([expect.stringContaining('only one client')]);
  });
});
