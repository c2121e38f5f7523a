import type { Decide } from '../limit.ts';
import { fill } from './bucket.ts';

/** Allows bursts of `capacity`, and `limit` per window in the long run. */
export const tokenBucket: Decide = (limit, meter, weight, now) => fill(limit, meter, weight, now, false);
