import { describe, expect, test } from 'vitest';
import { loginSection } from '../../../src/config/sections/login.ts';
import { configureLogin, type LoginEnvironment } from '../../../src/policy/login/login.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

const configure = (web: object | undefined, more: Partial<LoginEnvironment> = {}) =>
  configureLogin(loginSection.parse(web ? { web: { issuer: 'http://127.0.0.1:1', client_id: 'shop', ...web } } : {}), {
    logger: createLogger({ level: 'silent' }),
    redis: undefined,
    production: false,
    ...more,
  });

describe('login is not opened', () => {
  test('where nothing is configured: requests cost nothing more', () => {
    expect(configure(undefined)).toBeUndefined();
  });

  test('in production without the address at which browsers find it', () => {
    expect(() => configure({}, { production: true })).toThrow('login.web.public_url: required in production');
  });

  test('with sessions in a Redis that is not configured', () => {
    const keys = [Buffer.alloc(32).toString('base64')];
    expect(() => configure({ session: { store: 'redis', keys } })).toThrow('login.web.session.store: no Redis');
  });
});

test('a gateway starts while a provider is unavailable', () => {
  expect(configure({})).toBeDefined();
});
