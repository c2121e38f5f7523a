import fc from 'fast-check';
import { it } from 'vitest';
import { runs } from '../runs.ts';
import { cachedWorld } from './cached-world.ts';
import { lifetime, liveThrough, step } from './random-worlds.ts';

it('an answer is never older than allowed, never another’s, and never what was invalidated before', async () => {
  await fc.assert(
    fc.asyncProperty(
      lifetime,
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      (settings, steps, chances) =>
        liveThrough({ settings, steps, chances, open: async (subgraphs) => [await cachedWorld(subgraphs, settings)] }),
    ),
    { numRuns: runs(2_000) },
  );
});
