import type { Algorithm, Decide } from '../limit.ts';
import { fixedWindow } from './fixed-window.ts';
import { leakyBucket } from './leaky-bucket.ts';
import { slidingWindow } from './sliding-window.ts';
import { tokenBucket } from './token-bucket.ts';

const DECIDE: Readonly<Record<Algorithm, Decide>> = {
  TOKEN_BUCKET: tokenBucket,
  SLIDING_WINDOW: slidingWindow,
  FIXED_WINDOW: fixedWindow,
  LEAKY_BUCKET: leakyBucket,
};

export const decide: Decide = (limit, meter, weight, now) => DECIDE[limit.algorithm](limit, meter, weight, now);
