import { getOrMake } from '../../planner/maps.ts';
import type { SupergraphField } from '../../supergraph/supergraph.ts';
import type { Moves, State } from './moves.ts';
import type { ScopeSet } from './scopes.ts';

/** One step of an operation: a field, or `... on Type`. */
export type Step = { readonly field: string; readonly on: string } | { readonly type: string };

/** The selections that lead to a state, the last step first. */
export interface Path {
  readonly step: Step;
  readonly before: Path | undefined;
}

/** A field of the public schema that no subgraph can resolve on a path. */
export interface Failure {
  readonly state: State;
  readonly path: Path | undefined;
  /** `undefined` where the type of the objects cannot be read. */
  readonly field: string | undefined;
}

interface Visit {
  readonly state: State;
  readonly path: Path | undefined;
}

interface SeenState {
  readonly reached: ScopeSet;
  readonly contexts: ReadonlySet<string>;
}

/**
 * From this number of states on, the deepest is examined first: it has the fewest scopes, so it covers most others.
 */
const BREADTH_FIRST = 10_000;

/** The most states that are examined. Graphs in practice have a few for each type. */
const MAX_STATES = 200_000;

/** Thrown when there are too many states to examine. */
export class TooManyStates extends Error {
  override readonly name = 'TooManyStates';
  readonly typeName: string;

  constructor(typeName: string) {
    super(`More than ${MAX_STATES} states of objects.`);
    this.typeName = typeName;
  }
}

/**
 * Examines every state of objects that operations on the public schema can reach, for fields that cannot be read
 * there.
 *
 * This is the question whether a finite automaton accepts every word, with fields as letters and scopes as states. So
 * sets of scopes are examined, and a set is skipped where one of its subsets was examined: everything that is
 * reachable from the smaller set is reachable from the larger. (De Wulf, Doyen, Henzinger, Raskin: Antichains, CAV
 * 2006.)
 */
export class Exploration {
  readonly failures: Failure[] = [];
  private readonly moves: Moves;
  private readonly seen = new Map<string, SeenState[]>();
  private readonly abstractSeen = new Set<State>();
  private readonly queue: Visit[] = [];
  private readonly failed = new Set<string>();
  private examined = 0;

  constructor(moves: Moves) {
    this.moves = moves;
  }

  /** How many states were examined. */
  get work(): number {
    return this.examined;
  }

  run(start: Visit): Failure[] {
    this.queue.push(start);
    let first = 0;
    while (first < this.queue.length) {
      const visit = this.examined < BREADTH_FIRST ? this.queue[first++] : this.queue.pop();
      if (visit) this.examine(visit);
      if (this.examined > MAX_STATES) throw new TooManyStates(visit?.state.typeName ?? '');
    }
    return this.failures;
  }

  private examine(visit: Visit): void {
    const { state } = visit;
    this.moves.close(state);
    if (state.isAbstract) this.examineAbstract(visit);
    else if (!this.isCovered(state)) this.examineObject(visit);
  }

  private examineAbstract({ state, path }: Visit): void {
    if (this.abstractSeen.has(state)) return;
    this.abstractSeen.add(state);
    this.examined += 1;
    if (!this.moves.hasTypename(state)) {
      this.fail({ state, path, field: undefined });
      return;
    }
    for (const type of this.moves.possibleTypes(state)) {
      if (this.moves.fieldIndex.supergraph.types.get(type)?.inaccessible) continue;
      this.queue.push({ state: this.moves.narrow(state, type), path: { step: { type }, before: path } });
    }
  }

  private isCovered({ typeName, reached, contexts }: State): boolean {
    const seen = getOrMake(this.seen, typeName, (): SeenState[] => []);
    const isLess = (known: SeenState) =>
      (known.reached & reached) === known.reached && [...known.contexts].every((key) => contexts.has(key));
    if (seen.some(isLess)) return true;
    seen.push({ reached, contexts });
    return false;
  }

  private examineObject({ state, path }: Visit): void {
    this.examined += 1;
    const { types, rootTypes } = this.moves.fieldIndex.supergraph;
    for (const field of types.get(state.typeName)?.fields.values() ?? []) {
      if (!isPublic(field) || types.get(field.namedType)?.inaccessible) continue;
      if (!this.moves.canRead(state, field.name)) {
        this.fail({ state, path, field: field.name });
      } else if (this.moves.fieldIndex.isComposite(field.namedType)) {
        const below = { step: { field: field.name, on: state.typeName }, before: path };
        const next = { state: this.moves.below(state, field.name), path: below };
        if (state.typeName === rootTypes.mutation) this.examineBelowMutation(next);
        else this.queue.push(next);
      }
    }
  }

  /**
   * Examines the objects of a mutation, which goes to one subgraph only: one subgraph must reach everything below.
   */
  private examineBelowMutation({ state, path }: Visit): void {
    const producers = [...this.moves.scopes.members(state.start)];
    const single = producers.length <= 1 || state.typeName === this.moves.fieldIndex.supergraph.rootTypes.query;
    if (single) {
      this.queue.push({ state, path });
      return;
    }
    let fewest: Failure[] | undefined;
    for (const { subgraph, type, provided } of producers) {
      const start = this.moves.scopes.setOf(subgraph, type, provided);
      const alone = new Exploration(this.moves);
      const failures = alone.run({ state: this.moves.stateOf(state.typeName, start, state.contexts), path });
      this.examined += alone.work;
      if (failures.length === 0) return;
      if (!fewest || failures.length < fewest.length) fewest = failures;
    }
    for (const failure of fewest ?? []) this.fail(failure);
  }

  /** Records a failure; the first place of a field is enough. */
  private fail(failure: Failure): void {
    const coordinate = `${failure.state.typeName}.${failure.field}`;
    if (this.failed.has(coordinate)) return;
    this.failed.add(coordinate);
    this.failures.push(failure);
  }
}

function isPublic({ directives }: SupergraphField): boolean {
  return !directives.has('inaccessible');
}
