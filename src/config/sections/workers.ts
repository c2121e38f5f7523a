import * as z from 'zod';
import { duration } from '../duration.ts';

/** How often a worker sends a heartbeat, in milliseconds. */
export const HEARTBEAT_MS = 1_000;

/** The fewest heartbeats that may be missed before a worker counts as hung. */
const FEWEST_MISSED = 3;

/*
 * 15 s: what blocks a worker for longest is the engine for a very large schema (1 to 3 s), which a container with a fifth of a core
 * makes five times longer. A shorter time could end workers that only lack CPU, and their replacements would need even more of it.
 * A longer time would exceed the patience of most clients (30 s).
 */
export const workersSection = z
  .strictObject({
    heartbeat_timeout: duration
      .refine(
        (ms) => ms >= FEWEST_MISSED * HEARTBEAT_MS,
        `expected ${FEWEST_MISSED}s or more: workers send a heartbeat each second`,
      )
      .prefault('15s')
      .describe('A worker that has sent no heartbeat for this long is ended and replaced'),
  })
  .describe('The processes of `--workers`');
