import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { positiveShare } from '../share.ts';

export const canarySection = z
  .strictObject({
    share: positiveShare
      .refine((value) => value < 1, 'expected less than 100%')
      .prefault('5%')
      .describe('The share of clients that a new supergraph serves at first. The same client always gets the same one'),
    duration: timerDuration.prefault('10m').describe('How long, before the new supergraph serves all clients'),
    max_error_increase: positiveShare
      .prefault('5%')
      .describe(
        'The canary ends at once if the share of failed operations exceeds that of the current supergraph by more than this: with 5%, a canary with 8% ends if the other one has 2%',
      ),
    volume_threshold: z
      .int()
      .positive()
      .default(50)
      .describe('How many operations the canary must have had before shares are compared'),
  })
  .describe(
    'Serves a new supergraph to a share of clients first, and goes back to the current one if errors rise. Without this section, a new supergraph serves all clients at once. Has no effect in `headgate dev`',
  );

export type CanarySettings = z.output<typeof canarySection>;
