import type { Decide } from '../limit.ts';
import { fill } from './bucket.ts';

/** Lets through one by one, evenly spaced, `limit` in each window: whoever comes sooner waits, `capacity - 1` at most. */
export const leakyBucket: Decide = (limit, meter, weight, now) => fill(limit, meter, weight, now, true);
