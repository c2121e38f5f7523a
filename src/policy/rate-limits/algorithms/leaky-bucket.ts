import type { Decide } from '../limit.ts';
import { fill } from './bucket.ts';

/** Allows `limit` per window, evenly spaced. Requests that come sooner wait; at most `capacity - 1` wait at a time. */
export const leakyBucket: Decide = (limit, meter, weight, now) => fill(limit, meter, weight, now, true);
