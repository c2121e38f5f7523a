import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** Proofs with other people's software, which is downloaded when it is first needed: `npm run test:proof`. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [], exclude: ['**/node_modules/**'] } },
  defineConfig({ test: { include: ['test/proof/**/*.proof.test.ts'], fileParallelism: false, testTimeout: 600_000 } }),
);
