import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take the ES build of graphql and Node's require, in our dependencies, the CommonJS one: two graphqls that
  // refuse each other's schemas. Everything in the tests uses the one that Node itself resolves.
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') },
      // What shapes of endpoints import, which the gateway answers with itself.
      { find: /^headgate$/, replacement: new URL('src/bff/shapes/shape.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/proof/**'],
    // Many tests wait for processes that they started: two at once also where there are two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Generous, since a busy machine is no failure; a test that hangs still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // The environment of whoever runs the tests must not change what they see.
    env: { NODE_ENV: 'test', PORT: '', HOST: '', HEADGATE_CONFIG: '', LOG_LEVEL: '' },
  },
});
