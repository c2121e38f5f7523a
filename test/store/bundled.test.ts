import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { createRedis } from '../../src/store/redis.ts';

const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

test('Redis is reached from the bundle, too', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-bundle-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await build({
    entryPoints: ['src/store/redis.ts'],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    outdir: dir,
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE },
  });
  const bundled: { createRedis: typeof createRedis } = await import(pathToFileURL(join(dir, 'redis.mjs')).href);
  const warn = vi.fn();
  const logger = { debug: warn, info: warn, warn, error: warn, isEnabled: () => true, child: () => logger };
  const redis = await bundled.createRedis(
    { url: 'redis://127.0.0.1:1', key_prefix: 'test', timeout: 50, cluster: undefined },
    logger,
  );
  expect(redis.available).toBe(false);
  await redis.close();
});
