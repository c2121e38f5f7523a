import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * `npm test`, `npm run test:long`, `npm run test:proof`. The name of a file says which suite it belongs to. `.property` files
 * belong to the first two: properties are tried more often in the second (`runs` in `test/runs.ts`).
 */
const SUITES = [
  { name: 'quick', include: ['test/**/*.test.ts'], exclude: ['test/**/*.{long,proof}.test.ts'] },
  { name: 'long', include: ['test/**/*.{long,property}.test.ts'], env: { HEADGATE_TESTS: 'long' } },
  { name: 'proof', include: ['test/**/*.proof.test.ts'], testTimeout: 600_000 },
];

export default defineConfig({
  // Vite would take the ES build of graphql and Node's require, in our dependencies, the CommonJS one: two graphqls that
  // refuse each other's schemas. Everything in the tests uses the one that Node itself resolves.
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') },
      // What shapes of endpoints import, which the gateway answers with itself.
      { find: /^headgate\/plugin$/, replacement: new URL('src/plugins/plugin.ts', import.meta.url).pathname },
      { find: /^headgate$/, replacement: new URL('src/bff/shapes/shape.ts', import.meta.url).pathname },
    ],
  },
  test: {
    projects: SUITES.map((test) => ({ extends: true, test })),
    globalSetup: ['./test/global-setup.ts'],
    setupFiles: ['./test/setup.ts'],
    reporters: ['default', './test/left-out-reporter.ts'],
    // Half of the time goes into waiting for processes that the tests started: more files at once than there are cores.
    maxWorkers: availableParallelism() + 2,
    // Files that run in the same process share what they import: reading the sources anew for each of 300 files took as long
    // as the tests. So no file may leave anything behind: what it changes (environment, timers, mocks) it puts back.
    isolate: false,
    // Generous, because a busy machine is no fault; a test that hangs still ends.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 90_000 } },
    // The environment of whoever runs the tests must not change what they see.
    env: { NODE_ENV: 'test', PORT: '', HOST: '', HEADGATE_CONFIG: '', LOG_LEVEL: '' },
  },
});
