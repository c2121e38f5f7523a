import { setImmediate } from 'node:timers/promises';
import type { Engine } from '../pipeline/engine.ts';
import { warmUpQueries } from '../pipeline/warm-up-queries.ts';

/** Enough for V8 to have compiled the code that reads and plans operations. */
const REHEARSED = 60;

/**
 * Plans operations made up from the schema, so that the first clients after a start need not wait for code that has never
 * run. Nothing is asked of a subgraph and nothing is kept. One operation at a time, between requests.
 *
 * @param current the engine in force: the rehearsal ends when it is another one
 */
export function warmUpEngine(engine: Engine, current: () => Engine | undefined): Promise<void> {
  return prepareEach(engine, warmUpQueries(engine.publicSchema, REHEARSED), current, false);
}

/**
 * Plans for a new schema what clients asked for last under the one before, the latest first, so that a change of the schema
 * is not felt as a wave of slow requests.
 */
export function rewarmPlans(
  queries: readonly string[],
  engine: Engine,
  current: () => Engine | undefined,
): Promise<void> {
  return prepareEach(engine, queries, current, true);
}

async function prepareEach(
  engine: Engine,
  queries: readonly string[],
  current: () => Engine | undefined,
  keep: boolean,
): Promise<void> {
  for (const query of queries) {
    await setImmediate();
    if (current() !== engine) return;
    engine.prepare?.(query, { cache: keep });
  }
}
