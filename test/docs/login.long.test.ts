import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

const PROVIDER = fileURLToPath(new URL('../../docs/login-provider.mjs', import.meta.url));
/** In a clone they are beside the folder `login`. */
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

describe('what docs/login.md says, in its order', () => {
  let provider: ChildProcess | undefined;
  followDocument('docs/login.md', {
    atLeast: 11,
    async arrive() {
      const child = spawn(process.execPath, [PROVIDER, '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
      provider = child;
      const issuer = await new Promise<string>((resolve, reject) => {
        let printed = '';
        child.stdout.on('data', (chunk) => {
          printed += chunk;
          const url = /OpenID provider at (\S+)/.exec(printed)?.[1];
          if (url) resolve(url);
        });
        child.once('exit', () => reject(new Error(`the provider did not start: ${printed}`)));
      });
      return { ISSUER: issuer, NODE_PATH: MODULES };
    },
    leave: async () => void provider?.kill(),
  });
});
