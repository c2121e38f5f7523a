import { describe } from 'vitest';
import { type Demo, startDemo } from '../../subgraphs/start.ts';
import { freePorts } from '../subgraphs/call.ts';
import { followDocument } from './document.ts';

describe('what README.md says, in its order', () => {
  let demo: Demo;
  followDocument('README.md', {
    atLeast: 26,
    async arrive() {
      demo = await startDemo({ ports: freePorts });
      const urls = Object.entries(demo.services).map(([name, { url }]) => [`${name.toUpperCase()}_URL`, url]);
      return Object.fromEntries(urls);
    },
    leave: async () => demo?.close(),
  });
});
