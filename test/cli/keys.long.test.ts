import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeyFile, ApiKeyRedis, type ApiKeyStore, ApiKeys } from '../../src/policy/authentication/api-keys.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { HAS_REDIS, type RedisServer, startRedis } from '../store/redis-server.ts';
import { project, runCli } from './run-cli.ts';

/** The key as `headgate keys create` prints it, and its id as the list has it. */
async function create(dir: string, ...flags: string[]): Promise<{ key: string; id: string }> {
  const { code, stdout, stderr } = await runCli(dir, ['keys', 'create', ...flags]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^Key \w+ of acme\. It is shown only once/),
  });
  const key = stdout.trim();
  expect(key).toMatch(/^hg_[0-9a-f]{12}_[\w-]{43}$/);
  return { key, id: key.split('_')[1] ?? '' };
}

/** Whom the gateway takes the bearer of the key for. */
async function owner(store: ApiKeyStore, key: string) {
  const { subject, scopes, plan } = await new ApiKeys(store).identify(key);
  return { subject, scopes, plan };
}

describe('headgate keys --file', () => {
  it('makes keys that the gateway takes, lists them without showing them, and revokes them', async () => {
    const dir = await project();
    const file = join(dir, 'keys.json');
    const kept = ['--file', 'keys.json'];
    const gold = await create(
      dir,
      ...kept,
      '--owner',
      'acme',
      '--scopes',
      'a, b',
      '--plan',
      'gold',
      '--expires',
      '90d',
    );
    const plain = await create(dir, ...kept, '--owner', 'acme');
    expect(await owner(new ApiKeyFile(file), gold.key)).toEqual({ subject: 'acme', scopes: ['a', 'b'], plan: 'gold' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const { key } of [gold, plain]) expect(readFileSync(file, 'utf8')).not.toContain(key);

    const list = (await runCli(dir, ['keys', 'list', ...kept])).stdout;
    expect(list).toMatch(new RegExp(`^${gold.id} +acme +until \\S+ +gold +a b$`, 'm'));
    expect(list).toMatch(new RegExp(`^${plain.id} +acme +active$`, 'm'));

    expect((await runCli(dir, ['keys', 'revoke', gold.id, ...kept])).code).toBe(0);
    await expect(owner(new ApiKeyFile(file), gold.key)).rejects.toThrow(`the API key ${gold.id} is revoked`);
    expect((await owner(new ApiKeyFile(file), plain.key)).subject).toBe('acme');
    expect((await runCli(dir, ['keys', 'list', ...kept])).stdout).toContain('revoked');
  });

  it('says what is wrong', async () => {
    const dir = await project({ 'broken.json': '{"keys": [{"id": 1}]}' });
    const said = async (...args: string[]) => {
      const { code, stderr } = await runCli(dir, ['keys', ...args]);
      return { code, stderr: stderr.split('\n')[0] };
    };
    expect(await said('list')).toEqual({
      code: 2,
      stderr: 'error: name the store of the keys: --file FILE, or --redis URL',
    });
    expect(await said('revoke', 'nobody', '--file', 'none.json')).toEqual({
      code: 2,
      stderr: 'error: unknown key nobody; `headgate keys list` lists all keys',
    });
    expect(await said('create', '--owner', 'x', '--file', 'none.json', '--expires', 'soon')).toEqual({
      code: 2,
      stderr: 'error: --expires: "soon" is neither a duration such as 90d nor an instant in the future',
    });
    expect(await said('list', '--file', 'broken.json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('broken.json'),
    });
  });
});

describe.skipIf(!HAS_REDIS)('headgate keys --redis (needs redis-server)', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server.close());

  it('keeps the same in Redis, where the gateway looks keys up, and refuses to guess while it is unavailable', async () => {
    const dir = await project();
    const kept = ['--redis', server.url, '--key-prefix', 'shop'];
    const { key, id } = await create(dir, ...kept, '--owner', 'acme', '--plan', 'gold');
    const settings = { url: server.url, key_prefix: 'shop', timeout: 5_000 };
    const redis = await createRedis(settings, createLogger({ level: 'silent' }));
    try {
      const fresh = () => new ApiKeyRedis(redis, 60_000);
      const remembering = fresh();
      expect(await owner(remembering, key)).toEqual({ subject: 'acme', scopes: [], plan: 'gold' });
      await expect(owner(remembering, 'hg_unknown')).rejects.toThrow('unknown API key');
      expect((await runCli(dir, ['keys', 'revoke', id, ...kept])).code).toBe(0);
      expect((await runCli(dir, ['keys', 'list', ...kept])).stdout).toMatch(
        new RegExp(`^${id} +acme +revoked +gold$`, 'm'),
      );
      await expect(owner(fresh(), key)).rejects.toThrow('is revoked');
      await server.kill();
      await expect(owner(fresh(), key)).rejects.toThrow('Redis unavailable');
      expect(await owner(remembering, key)).toMatchObject({ subject: 'acme' });
    } finally {
      await redis.close();
    }
  });
});
