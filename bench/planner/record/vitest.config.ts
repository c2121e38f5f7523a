import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../../vitest.config.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const recorder = fileURLToPath(new URL('./recording-world.ts', import.meta.url));

/** Runs the conformance tests with worlds that write down what they are asked, into the file `RECORD_TO`. */
export default mergeConfig(
  base,
  defineConfig({
    root,
    plugins: [
      {
        name: 'recording-world',
        enforce: 'pre',
        resolveId: (id, importer) => (id.endsWith('/worlds/world.ts') && importer !== recorder ? recorder : undefined),
      },
    ],
    test: { silent: true, watch: false },
  }),
);
