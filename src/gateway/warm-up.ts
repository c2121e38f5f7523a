import { setImmediate } from 'node:timers/promises';
import type { Engine } from '../pipeline/engine.ts';
import { warmUpQueries } from '../pipeline/warm-up-queries.ts';

/** Number of warmup operations: enough for V8 to compile the code that parses and plans operations. */
const WARMUP_OPERATIONS = 60;

/**
 * Plans operations generated from the schema, so that the first clients after a start need not wait for cold code. Sends nothing to
 * subgraphs and caches nothing. Plans one operation at a time, between requests.
 *
 * @param current returns the current engine: the warmup ends when it is another one
 */
export function warmUpEngine(engine: Engine, current: () => Engine | undefined): Promise<void> {
  return prepareEach(engine, warmUpQueries(engine.publicSchema, WARMUP_OPERATIONS), current, false);
}

/**
 * Plans recent operations again for a new schema, the latest first, so that a schema change does not cause a wave of slow
 * requests.
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
  queries: Iterable<string>,
  current: () => Engine | undefined,
  cache: boolean,
): Promise<void> {
  for (const query of queries) {
    await setImmediate();
    if (current() !== engine) return;
    engine.prepare?.(query, { cache });
  }
}
