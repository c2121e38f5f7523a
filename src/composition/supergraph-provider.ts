import { formatProblem, type Problem } from '../config/problem.ts';
import type { SourceDefinition } from './source-definition.ts';

/** A supergraph SDL that may be served, and the schema files it was composed from (none for a ready supergraph file). */
export interface SupergraphUpdate {
  readonly sdl: string;
  readonly sources?: readonly SourceDefinition[];
}

export interface SupergraphListener {
  /** A new good supergraph; called only when it differs from the one before. */
  update(update: SupergraphUpdate): void;
  /** What was changed does not compose; the last good supergraph stays in force. */
  problems(problems: readonly Problem[]): void;
}

/** Where the server gets its supergraph from. */
export interface SupergraphProvider {
  /** Throws `CompositionError`. */
  load(): Promise<SupergraphUpdate>;
  watch(listener: SupergraphListener): Promise<{ close(): Promise<void> }>;
}

/** There is no supergraph to serve; `problems` says why, file by file. */
export class CompositionError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'CompositionError';
    this.problems = problems;
  }
}
