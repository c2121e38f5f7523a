import { getOrMake } from '../../planner/maps.ts';
import type { SupergraphField } from '../../supergraph/supergraph.ts';
import type { Moves, State } from './moves.ts';
import type { ScopeSet } from './scopes.ts';

/** One step of an operation: a field, or `... on Type`. */
export type Step = { readonly field: string; readonly on: string } | { readonly type: string };

/** What was selected to come to a state, the last step first. */
export interface Path {
  readonly step: Step;
  readonly before: Path | undefined;
}

/** Something of the public schema that no subgraph can give on a path. */
export interface Failure {
  readonly state: State;
  readonly path: Path | undefined;
  /** `undefined` where it is the objects' type that cannot be known. */
  readonly field: string | undefined;
}

interface Visit {
  readonly state: State;
  readonly path: Path | undefined;
}

interface Seen {
  readonly reached: ScopeSet;
  readonly contexts: ReadonlySet<string>;
}

/** From so many states on, the deepest is looked at first: it has the fewest standpoints, so that it spares most others. */
const BREADTH_FIRST = 10_000;

/** How many states are looked at before giving up. Graphs that people write have a few for each type. */
const MOST_STATES = 200_000;

/** There are too many states to look at all of them. */
export class TooManyStates extends Error {
  override readonly name = 'TooManyStates';
  readonly typeName: string;

  constructor(typeName: string) {
    super(`More than ${MOST_STATES} states of objects.`);
    this.typeName = typeName;
  }
}

/**
 * Looks at every state in which objects can be had by operations on the public schema, for fields that cannot be read there.
 *
 * That is the question whether a finite automaton accepts every word, its letters being fields, its states standpoints. So
 * sets of standpoints are gone through, and a set is passed over where one of its subsets has been seen: all that can be
 * had from the smaller can be had from the larger. (De Wulf, Doyen, Henzinger, Raskin: Antichains, CAV 2006.)
 */
export class Exploration {
  readonly failures: Failure[] = [];
  private readonly moves: Moves;
  private readonly seen = new Map<string, Seen[]>();
  private readonly abstractSeen = new Set<State>();
  private readonly queue: Visit[] = [];
  private readonly failed = new Set<string>();
  private looked = 0;

  constructor(moves: Moves) {
    this.moves = moves;
  }

  /** How many states were looked at. */
  get work(): number {
    return this.looked;
  }

  run(start: Visit): Failure[] {
    this.queue.push(start);
    let first = 0;
    while (first < this.queue.length) {
      const visit = this.looked < BREADTH_FIRST ? this.queue[first++] : this.queue.pop();
      if (visit) this.look(visit);
      if (this.looked > MOST_STATES) throw new TooManyStates(visit?.state.typeName ?? '');
    }
    return this.failures;
  }

  private look(visit: Visit): void {
    const { state } = visit;
    this.moves.close(state);
    if (state.isAbstract) this.lookAtAbstract(visit);
    else if (!this.isSpared(state)) this.lookAtObject(visit);
  }

  private lookAtAbstract({ state, path }: Visit): void {
    if (this.abstractSeen.has(state)) return;
    this.abstractSeen.add(state);
    this.looked += 1;
    if (!this.moves.hasTypename(state)) {
      this.fail({ state, path, field: undefined });
      return;
    }
    for (const type of this.moves.possibleTypes(state)) {
      if (this.moves.fieldIndex.supergraph.types.get(type)?.inaccessible) continue;
      this.queue.push({ state: this.moves.narrow(state, type), path: { step: { type }, before: path } });
    }
  }

  private isSpared({ typeName, reached, contexts }: State): boolean {
    const seen = getOrMake(this.seen, typeName, (): Seen[] => []);
    const isLess = (known: Seen) =>
      (known.reached & reached) === known.reached && [...known.contexts].every((key) => contexts.has(key));
    if (seen.some(isLess)) return true;
    seen.push({ reached, contexts });
    return false;
  }

  private lookAtObject({ state, path }: Visit): void {
    this.looked += 1;
    const { types, rootTypes } = this.moves.fieldIndex.supergraph;
    for (const field of types.get(state.typeName)?.fields.values() ?? []) {
      if (!isPublic(field) || types.get(field.namedType)?.inaccessible) continue;
      if (!this.moves.canRead(state, field.name)) {
        this.fail({ state, path, field: field.name });
      } else if (this.moves.fieldIndex.isComposite(field.namedType)) {
        const below = { step: { field: field.name, on: state.typeName }, before: path };
        const next = { state: this.moves.below(state, field.name), path: below };
        if (state.typeName === rootTypes.mutation) this.lookBelowMutation(next);
        else this.queue.push(next);
      }
    }
  }

  /** A mutation is asked of one subgraph only, so one of them must have a way to all that is below. */
  private lookBelowMutation({ state, path }: Visit): void {
    const producers = [...this.moves.standpoints.members(state.start)];
    const single = producers.length <= 1 || state.typeName === this.moves.fieldIndex.supergraph.rootTypes.query;
    if (single) {
      this.queue.push({ state, path });
      return;
    }
    let fewest: Failure[] | undefined;
    for (const { subgraph, type, provided } of producers) {
      const start = this.moves.standpoints.setOf(subgraph, type, provided);
      const alone = new Exploration(this.moves);
      const failures = alone.run({ state: this.moves.stateOf(state.typeName, start, state.contexts), path });
      this.looked += alone.work;
      if (failures.length === 0) return;
      if (!fewest || failures.length < fewest.length) fewest = failures;
    }
    for (const failure of fewest ?? []) this.fail(failure);
  }

  /** The first place of a field tells as much as all of them. */
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
