import type { CaseGroup } from './cases.ts';
import { NOT_VALID, ourPlanner } from './ours.ts';
import type { Planned, Unplanned } from './planned.ts';

/**
 * `worse`: more requests, or as many in more waves. `theirs breaks a rule`: it asks a subgraph for what it cannot resolve,
 * so that its size says nothing.
 */
export type Outcome = 'better' | 'same' | 'worse' | 'only ours' | 'only theirs' | 'neither' | 'theirs breaks a rule';

/** One query, planned by both. */
export interface Compared {
  readonly row: string;
  /** `random-1-17/2`: the group's name and, where it has several queries, the number of this one. */
  readonly name: string;
  readonly query: string;
  readonly ours: Planned | Unplanned;
  readonly theirs: Planned | Unplanned;
  readonly outcome: Outcome;
}

/** Puts our plans of a group beside theirs; queries that the schema does not allow are left out. */
export function compareGroup(group: CaseGroup, theirs: readonly (Planned | Unplanned)[]): Compared[] {
  const planner = ourPlanner(group.sdl);
  return group.queries.flatMap(({ query, variables }, index) => {
    const our = planner.plan(query, variables);
    const their = theirs[index];
    if (!their || ('problem' in our && our.problem.startsWith(NOT_VALID))) return [];
    const name = group.queries.length > 1 ? `${group.name}/${index}` : group.name;
    return [{ row: group.row, name, query, ours: our, theirs: their, outcome: outcomeOf(our, their) }];
  });
}

function outcomeOf(ours: Planned | Unplanned, theirs: Planned | Unplanned): Outcome {
  if ('problem' in ours) return 'problem' in theirs ? 'neither' : 'only theirs';
  if ('problem' in theirs) return 'only ours';
  if (theirs.broken.length > 0 && ours.broken.length === 0) return 'theirs breaks a rule';
  const difference = ours.requests - theirs.requests || ours.waves - theirs.waves;
  if (difference === 0) return 'same';
  return difference < 0 ? 'better' : 'worse';
}
