/**
 * Hive Router's planner in a process of its own: a panic in it ends the process. Takes `{ sdl, queries }` as a message and
 * sends the result of each query as soon as it is there, in order.
 */
import type { GeneratedQuery } from '../../test/fuzz/generate-query.ts';
import { attempt } from './ours.ts';
import type { Planning } from './planned.ts';
import { theirPlanners } from './theirs.ts';

const planner = await theirPlanners();

process.on('message', ({ sdl, queries }: { sdl: string; queries: readonly GeneratedQuery[] }) => {
  const planning = planningOf(sdl);
  for (const { query, variables } of queries) process.send?.(planning.plan(query, variables));
});
process.send?.('ready');

/** A supergraph that it cannot read is one on which it can plan nothing. */
function planningOf(sdl: string): Planning {
  try {
    return planner(sdl);
  } catch (error) {
    const unplanned = attempt(() => {
      throw error;
    });
    return { plan: () => unplanned };
  }
}
