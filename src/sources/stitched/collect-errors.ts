import { GraphQLError, type GraphQLFormattedError } from 'graphql';

type Path = readonly (string | number)[];

/** The place of an entity in the gateway's response, and the kind of paths that its look-up reports. */
export interface EntityPlace {
  /** `["_entities", 3]` */
  readonly path: Path;
  /** Whether paths of the look-up have an index: `["usersByIds", 5, …]` instead of `["user", …]`. */
  readonly inList: boolean;
}

/**
 * Collects errors from the result of a look-up, where stitching has put them in place of values. Replaces them by nulls and
 * reports them with the entity's path. Reports the failure of a whole look-up once.
 */
export class ErrorCollector {
  private readonly errors: GraphQLFormattedError[];
  private readonly reported: Set<Error>;

  /** @param reported receives the errors that were reported, as the service returned them */
  constructor(errors: GraphQLFormattedError[], reported: Set<Error>) {
    this.errors = errors;
    this.reported = reported;
  }

  collect(value: unknown, place: EntityPlace): unknown {
    if (value instanceof Error) {
      this.report(value, place);
      return null;
    }
    if (typeof value !== 'object' || value === null) return value;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const below = holder[key];
      if (typeof below === 'object' && below !== null) holder[key] = this.collect(below, place);
    }
    return value;
  }

  private report(error: Error, place: EntityPlace): void {
    if (error instanceof AggregateError) {
      for (const one of error.errors) this.report(one, place);
      return;
    }
    // Stitching wraps an error and changes its path; the original one still has the path from the service.
    const first = firstOf(error);
    if (this.reported.has(first)) return;
    this.reported.add(first);
    const [, index, ...rest] = first instanceof GraphQLError ? (first.path ?? []) : [];
    const own = index === undefined || place.inList ? rest : [index, ...rest];
    const ofAll = place.inList && index === undefined;
    const path = ofAll ? place.path.slice(0, 1) : [...place.path, ...own];
    const { extensions } = first as { extensions?: Record<string, unknown> };
    const said = extensions && Object.keys(extensions).length > 0 ? { extensions } : {};
    this.errors.push({ message: first.message, path, ...said });
  }
}

function firstOf(error: Error): Error {
  let at = error;
  while (at instanceof GraphQLError && at.originalError) at = at.originalError;
  return at;
}
