import { GraphQLError, type GraphQLFormattedError } from 'graphql';

type Path = readonly (string | number)[];

/** Where an entity stands in the gateway's answer, and how a look-up's own paths begin in its place. */
export interface EntityPlace {
  /** `["_entities", 3]` */
  readonly path: Path;
  /** Of a look-up of many, `["usersByIds", 5, …]`; of one, `["user", …]`. */
  readonly inList: boolean;
}

/**
 * Takes the errors out of what a look-up found, where stitching has put them in place of values: they are reported with the
 * entity's path, and leave nulls. What failed for the look-up as a whole is reported once.
 */
export class ErrorTaker {
  private readonly errors: GraphQLFormattedError[];
  private readonly reported: Set<Error>;

  /** @param told gets the errors as the service gave them */
  constructor(errors: GraphQLFormattedError[], reported: Set<Error>) {
    this.errors = errors;
    this.reported = reported;
  }

  take(value: unknown, place: EntityPlace): unknown {
    if (value instanceof Error) {
      this.tell(value, place);
      return null;
    }
    if (typeof value !== 'object' || value === null) return value;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const below = holder[key];
      if (typeof below === 'object' && below !== null) holder[key] = this.take(below, place);
    }
    return value;
  }

  private tell(error: Error, place: EntityPlace): void {
    if (error instanceof AggregateError) {
      for (const one of error.errors) this.tell(one, place);
      return;
    }
    // Stitching moves an error as it passes it on; the first one still has the path that the service gave.
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
