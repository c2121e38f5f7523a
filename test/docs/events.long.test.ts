import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';
import { HAS_REDIS, startRedis } from '../store/redis-server.ts';

describe.skipIf(!HAS_REDIS)('what docs/events.md says, in its order', () => {
  let redis: Awaited<ReturnType<typeof startRedis>> | undefined;

  followDocument('docs/events.md', {
    atLeast: 7,
    async arrive() {
      redis = await startRedis();
      return { EVENTS_URL: redis.url };
    },
    async leave() {
      await redis?.close();
    },
  });
});
