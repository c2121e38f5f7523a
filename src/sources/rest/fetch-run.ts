import { GraphQLError } from 'graphql';
import type { Json } from '../../connectors/mapping/json.ts';
import { type TimeSlices, WorkStopped } from '../../shared/time-slices.ts';
import type { RestContext } from './rest-context.ts';

/** A response key or an index. */
type Step = string | number;

/** State that all parts of one fetch share. */
interface SharedState {
  readonly context: RestContext;
  /** Coerced variable values. */
  readonly variables: Record<string, unknown>;
  /** Errors of fields and items, each with its path. */
  readonly errors: GraphQLError[];
  /**
   * Whether objects were found that need further calls. Calls that start in the same turn run concurrently and are made in
   * batches, so nothing pauses from then on.
   */
  looksUp: boolean;
}

/**
 * One run of a compiled fetch. `path` is the way to the value that is being completed: who completes a value at depth `n` sets
 * `path[n]` for what is inside. Work that continues in a later turn needs a path of its own, see {@link fork}.
 */
export class FetchRun {
  readonly shared: SharedState;
  readonly path: Step[];

  constructor(shared: SharedState, path: Step[] = []) {
    this.shared = shared;
    this.path = path;
  }

  /** The slices of the fetch, if it has a long response. */
  get slices(): TimeSlices | undefined {
    return this.shared.looksUp ? undefined : this.shared.context.slices;
  }

  /** Returns the run with its own copy of the path, for what is completed in a later turn of the event loop. */
  fork(depth: number): FetchRun {
    return new FetchRun(this.shared, this.path.slice(0, depth));
  }

  /**
   * Handles the error of a field or an item. Reports it at the path and returns null; throws it with its path when the value
   * cannot be null, so that what is around it becomes null.
   * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
   */
  caught(error: unknown, depth: number, isNonNull: boolean): null {
    if (error instanceof WorkStopped) throw error;
    const located = locatedError(error, this.path, depth);
    if (isNonNull) throw located;
    this.shared.errors.push(located);
    return null;
  }
}

function locatedError(error: unknown, path: readonly Step[], depth: number): GraphQLError {
  if (error instanceof GraphQLError && error.path !== undefined) return error;
  const message = error instanceof Error ? error.message : String(error);
  const extensions = error instanceof GraphQLError ? error.extensions : {};
  const originalError = error instanceof Error ? error : undefined;
  return new GraphQLError(message, { path: path.slice(0, depth), extensions, originalError });
}

/** Completes a value of one type: checks it, serializes leaves, and selects fields. Throws the error that makes it null. */
export type Complete = (value: Json, run: FetchRun, depth: number) => Json | Promise<Json>;

export function ignore(): void {}
