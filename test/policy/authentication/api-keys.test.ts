import { expect, it } from 'vitest';
import { createApiKey } from '../../../src/policy/authentication/api-key-record.ts';
import { ApiKeyRedis } from '../../../src/policy/authentication/api-keys.ts';
import type { SharedRedis } from '../../../src/store/redis.ts';

it('a flood of invented keys pushes out nobody who is known', async () => {
  const { record } = createApiKey({ owner: 'acme', scopes: [] }, new Date());
  const asked: string[] = [];
  const client = {
    hget: async (_name: string, hash: string) => {
      asked.push(hash);
      return hash === record.hash ? JSON.stringify(record) : null;
    },
  };
  const redis = { prefix: '{headgate}', run: (command: (of: typeof client) => unknown) => command(client) };
  const keys = new ApiKeyRedis(redis as unknown as SharedRedis, 60_000);
  expect(await keys.find(record.hash)).toEqual(record);
  for (let at = 0; at < 20_000; at++) await keys.find(`sha256:${at}`);
  expect(keys.find(record.hash)).toEqual(record);
  expect(keys.find('sha256:19999')).toBeUndefined();
  expect(asked.length).toBe(20_001);
});
