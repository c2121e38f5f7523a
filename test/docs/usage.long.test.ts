import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';
import { freePort } from '../store/redis-server.ts';

describe('what docs/usage.md says, in its order', () => {
  followDocument('docs/usage.md', {
    atLeast: 5,
    arrive: async () => ({ ADMIN_LISTEN: `127.0.0.1:${await freePort()}` }),
  });
});
