import type { Representation } from '../../http/send-representation.ts';
import type { RequestNotes } from '../../shared/request-notes.ts';

/** A response of the BFF before it is written. */
export interface EndpointResponse extends Representation {
  readonly headers: Readonly<Record<string, string>>;
  /** GraphQL errors of the execution, for the log. */
  readonly errors?: RequestNotes['errors'];
  /** Durations by name, in milliseconds, for `Server-Timing`. */
  readonly timings?: ReadonlyMap<string, number> | undefined;
}
