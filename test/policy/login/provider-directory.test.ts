import { expect, onTestFinished, test } from 'vitest';
import { ProviderDirectory } from '../../../src/policy/login/provider-directory.ts';
import { ProviderUnavailable } from '../../../src/policy/login/provider-errors.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { OpenIdServer } from './openid-provider.ts';

const DISCOVERY = '/.well-known/openid-configuration';

async function directory() {
  const provider = await OpenIdServer.start();
  onTestFinished(() => provider.close());
  provider.register('http://localhost:4000');
  const clock = { now: 0 };
  const settings = { issuer: provider.issuer, timeout: 5_000 };
  const found = new ProviderDirectory(settings, createLogger({ level: 'silent' }), () => clock.now);
  return { provider, clock, directory: found };
}

test('a provider is looked up once for all who ask, and again after an hour', async () => {
  const { provider, clock, directory: found } = await directory();
  const servers = await Promise.all([found.find(), found.find(), found.find()]);
  expect(servers.map(({ token_endpoint }) => token_endpoint)).toEqual(Array(3).fill(`${provider.issuer}/token`));
  expect(provider.asked[DISCOVERY]).toBe(1);
  clock.now = 3_600_000;
  await found.find();
  expect(provider.asked[DISCOVERY]).toBe(2);
});

test('an unavailable one is not asked again for two seconds', async () => {
  const { provider, clock, directory: found } = await directory();
  provider.goDown();
  for (let times = 0; times < 3; times++) await expect(found.find()).rejects.toThrow(ProviderUnavailable);
  expect(provider.asked[DISCOVERY]).toBe(1);
  provider.comeUp();
  clock.now = 2_000;
  expect(await found.find()).toMatchObject({ issuer: provider.issuer });
});

test('what was known of one that went away is forgotten after a day, until it is found again', async () => {
  const { provider, clock, directory: found } = await directory();
  await found.find();
  provider.goDown();
  clock.now = 24 * 3_600_000;
  expect(await found.find()).toMatchObject({ issuer: provider.issuer });
  clock.now += 2_000;
  await expect(found.find()).rejects.toThrow(ProviderUnavailable);
  clock.now += 1_000;
  await expect(found.find()).rejects.toThrow(ProviderUnavailable);
  provider.comeUp();
  clock.now += 1_000;
  expect(await found.find()).toMatchObject({ issuer: provider.issuer });
});

test('what was known of one that went away goes on', async () => {
  const { provider, clock, directory: found } = await directory();
  await found.find();
  provider.goDown();
  clock.now = 3_600_000;
  expect(await found.find()).toMatchObject({ issuer: provider.issuer });
});
