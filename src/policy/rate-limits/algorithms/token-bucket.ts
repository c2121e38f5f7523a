import type { Decide } from '../limit.ts';
import { fill } from './bucket.ts';

/** Lets through `capacity` at once, and `limit` in each window in the long run. */
export const tokenBucket: Decide = (limit, meter, weight, now) => fill(limit, meter, weight, now, false);
