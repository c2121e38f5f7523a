import * as fc from 'fast-check';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planOperation } from '../../src/planner/planner.ts';
import { type FuzzCase, FuzzCaseArbitrary } from '../fuzz/arbitrary.ts';
import { size } from '../planner/plan.ts';
import { findOptimum, type Optimum } from './exhaustive.ts';
import { composed, isPlain } from './small-worlds.ts';

/** How one query is planned, and how it could be. */
export interface Pair {
  readonly ours: Optimum;
  readonly best: Optimum;
}

/** Larger plans would take too long to search. */
const MAX_REQUESTS = 8;

/** Plans random queries over random worlds of object types, always the same for one seed. */
export function compareRandomWorlds(seed: number, worlds: number): Pair[] {
  return fc.sample(new FuzzCaseArbitrary(4).filter(isPlain), { seed, numRuns: worlds }).flatMap(compareWorld);
}

/** @throws Error where the search finds no plan as small as ours: then it does not know all that is possible */
function compareWorld(fuzzCase: FuzzCase): Pair[] {
  const world = composed(fuzzCase);
  if (!world) return [];
  const fieldIndex = new FieldIndex(world.supergraph);
  return world.operations.flatMap((operation) => {
    const [requests, waves] = size(planOperation(operation, fieldIndex));
    if (requests > MAX_REQUESTS) return [];
    const best = findOptimum(operation.selection, world.supergraph, requests);
    if (!best) throw new Error(`No plan of ${requests} requests was found, though ours is one`);
    return [{ ours: { requests, waves }, best }];
  });
}
