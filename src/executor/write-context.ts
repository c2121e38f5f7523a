import { ErrorCoverage, type NullReason, type NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import type { InitialCounts } from './streamed-lists.ts';
import type { WritePauses } from './write-pauses.ts';

/** A null without an error of its own so far. */
export interface Violation {
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly code: string;
  /** The subgraph that caused it, where that is known. */
  readonly service: string | undefined;
}

/** Which defer groups are late, and which of these are missing from the result, because an object has one of their fields. */
export interface LateGroups {
  isLate(group: number): boolean;
  readonly missed: Set<number>;
}

const INVALID_VALUE = 'INVALID_NULL_OR_TYPE';

/** What a {@link WriteContext} is made from. */
export interface WriteOptions {
  /** JSON texts of the introspection fields, by response key. */
  readonly introspected: ReadonlyMap<string, string>;
  /** Defer groups that are written as null, even if their data has arrived. */
  readonly late?: LateGroups | undefined;
  /** Which fields are missing or null for known reasons. */
  readonly nullReasons?: NullReasons | undefined;
  /** Collects the objects and lists in whose place null is written; a deferred field within them has no place. */
  readonly nulled?: Set<unknown> | undefined;
  /** Set where the response is written in slices. */
  readonly pauses?: WritePauses | undefined;
  /** How many items of streamed lists are written; their other items follow later. */
  readonly firstItems?: InitialCounts | undefined;
}

/** The state of writing one response, or one part of it. The projection itself has none. */
export class WriteContext {
  readonly introspected: ReadonlyMap<string, string>;
  readonly late: LateGroups | undefined;
  readonly nullReasons: NullReasons | undefined;
  /** The values that are missing, null or of a wrong type without an error that explains it. Filled when they are located. */
  readonly violations: Violation[] = [];
  /** Whether there are any, located or not. */
  violated = false;
  /** The path to the value being written; set only while violations are being located. */
  path: (string | number)[] | undefined;
  /** What errors explain at that path. */
  coverage = ErrorCoverage.none;
  readonly pauses: WritePauses | undefined;
  readonly firstItems: InitialCounts | undefined;
  private readonly nulled: Set<unknown> | undefined;

  constructor({ introspected, late, nullReasons, nulled, pauses, firstItems }: WriteOptions) {
    this.introspected = introspected;
    this.late = late;
    this.nullReasons = nullReasons;
    this.nulled = nulled;
    this.pauses = pauses;
    this.firstItems = firstItems;
  }

  addViolation(message: string, code = INVALID_VALUE, service?: string): undefined {
    this.violated = true;
    if (this.path && !this.coverage.explainsNull)
      this.violations.push({ message, path: [...this.path], code, service });
    return undefined;
  }

  /** Returns why an object lacks a field, where that is known. */
  reasonFor(object: ResponseObject, key: string, service: string | undefined): NullReason | undefined {
    return this.nullReasons?.reason(object, key, service) ?? (this.path && this.coverage.reason(service));
  }

  /** Returns the text of a value that is null because of a null within it. */
  nullFor(value: unknown): string {
    this.nulled?.add(value);
    return 'null';
  }

  /** Returns whether a group is late, and records that it is missing from the result. */
  isLate(group: number): boolean {
    if (!this.late?.isLate(group)) return false;
    this.late.missed.add(group);
    return true;
  }
}
