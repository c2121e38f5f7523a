import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Generous, since a busy machine is no failure; a test that hangs still ends.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // The environment of whoever runs the tests must not change what they see.
    env: { NODE_ENV: 'test', PORT: '', HOST: '', HEADGATE_CONFIG: '', LOG_LEVEL: '' },
  },
});
