import type { NullOrigin } from './null-origin.ts';
import { isObject, type ResponseObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';

/**
 * Why an object lacks fields:
 * - `reported`: an error explains it already;
 * - `null`: the subgraph returned null for the object around them, as it may;
 * - a fault: an error still has to be reported, at the place of each field.
 */
export type NullReason = 'reported' | 'null' | NullFault;

/** The error to report for missing fields. */
export interface NullFault {
  readonly message: string;
  readonly code: string;
}

/** Fields that a subgraph did not return for an object. */
export interface MissingFields {
  readonly service: string;
  /** Set where the fields of all other subgraphs are missing instead, or those of all subgraphs. */
  readonly of?: 'others' | 'all' | undefined;
  /** Aliased keys; `undefined` means all. */
  readonly keys: ReadonlySet<string> | undefined;
  readonly reason: NullReason;
  /** What happened, for debug traces. */
  readonly origin: NullOrigin;
}

/** An error at a place. */
interface PlacedError {
  readonly origin: NullOrigin;
  /** From the place to where the error is: to a field that only other fetches need. */
  readonly rest: SubgraphPath;
}

/** The most errors that are kept for one place, for debug traces. */
const MAX_ERRORS = 20;
const NO_PATH: SubgraphPath = [];

/** The places of one subgraph response at which errors were reported, as a tree of keys and list indices. */
export class ErrorPlaces {
  /** Whether an error was reported here: it explains all nulls here and below. */
  reported = false;
  /** Whether the null of an error below propagated to here, or through here. */
  passed = false;
  /** The errors that were reported here, up to a number of them. */
  readonly errors: PlacedError[] = [];
  /** The first error whose null passed. */
  passedFrom: NullOrigin | undefined;
  private next: Map<string | number, ErrorPlaces> | undefined;

  /**
   * Adds the path of an error.
   * @param from how much of the path leads to the resulting null; less than all where types are non-null
   * @param rest the end of the error's own path that the client has not selected
   */
  add(path: SubgraphPath, from: number, origin: NullOrigin, rest: SubgraphPath = NO_PATH): void {
    let node: ErrorPlaces = this;
    for (let depth = 0; ; depth++) {
      if (depth >= from && depth < path.length) node.pass(origin);
      if (depth === path.length) break;
      node = node.make(path[depth] as string | number);
    }
    node.reported = true;
    if (node.errors.length < MAX_ERRORS) node.errors.push({ origin, rest });
  }

  private pass(origin: NullOrigin): void {
    this.passed = true;
    this.passedFrom ??= origin;
  }

  at(step: string | number): ErrorPlaces | undefined {
    return this.next?.get(step);
  }

  private make(step: string | number): ErrorPlaces {
    this.next ??= new Map();
    let below = this.next.get(step);
    if (below === undefined) {
      below = new ErrorPlaces();
      this.next.set(step, below);
    }
    return below;
  }
}

/** Why fields of one response are null or missing. Empty without errors. */
export class NullReasons {
  private readonly missing = new Map<ResponseObject, MissingFields[]>();
  private readonly places = new Map<ResponseObject, ErrorPlaces[]>();

  add(object: ResponseObject, missingFields: MissingFields): void {
    addTo(this.missing, object, missingFields);
  }

  /** Adds missing fields for all objects in a value, through lists and objects of any depth. */
  addBelow(value: unknown, missingFields: MissingFields): void {
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) this.add(value as ResponseObject, missingFields);
    for (const inner of Object.values(value)) this.addBelow(inner, missingFields);
  }

  addPlaces(object: ResponseObject, places: ErrorPlaces): void {
    addTo(this.places, object, places);
  }

  /**
   * Returns why an object lacks a field, where that is known.
   * @param service the subgraph that the field is read from; `undefined` means any
   */
  reason(object: ResponseObject, key: string, service: string | undefined): NullReason | undefined {
    return this.missingFields(object, key, service)?.reason;
  }

  /** Returns the same with all that is known of it. */
  missingFields(object: ResponseObject, key: string, service: string | undefined): MissingFields | undefined {
    return firstReason(
      this.missing.get(object)?.filter(({ keys }) => keys === undefined || keys.has(key)),
      service,
    );
  }

  /** Returns whether these are missing fields of an object. */
  lacks(object: ResponseObject, missingFields: MissingFields): boolean {
    return this.missing.get(object)?.includes(missingFields) === true;
  }

  /** Returns the missing fields of an object that concern what is below one of its fields. */
  missingFieldsAt(object: ResponseObject, key: string): readonly MissingFields[] {
    return this.missing.get(object)?.filter(({ keys }) => keys?.has(key)) ?? NONE;
  }

  placesAt(object: ResponseObject): readonly ErrorPlaces[] {
    return this.places.get(object) ?? NONE;
  }

  /**
   * Returns the error that made the value at a path null: the nearest one at the path or above it, or else the one below it whose null
   * propagated to it.
   */
  errorAt(
    root: ResponseObject,
    path: SubgraphPath,
  ): { readonly origin: NullOrigin; readonly isBelow: boolean } | undefined {
    let found: NullOrigin | undefined;
    let places: readonly ErrorPlaces[] = NONE;
    let value: unknown = root;
    const look = (among: readonly ErrorPlaces[], rest: SubgraphPath) => {
      for (const { errors } of among) found = errors.find((error) => leadsTo(error.rest, rest))?.origin ?? found;
    };
    for (const [depth, step] of path.entries()) {
      if (isObject(value)) {
        const own = this.placesAt(value);
        look(own, path.slice(depth));
        places = [...places, ...own];
      }
      places = places.flatMap((one) => one.at(step) ?? NONE);
      look(places, path.slice(depth + 1));
      value = Array.isArray(value) || isObject(value) ? (value as Record<string | number, unknown>)[step] : undefined;
    }
    if (found) return { origin: found, isBelow: false };
    const passed = places.find((one) => one.passed)?.passedFrom;
    return passed && { origin: passed, isBelow: true };
  }

  /** Returns what errors explain at a path from the root object. */
  coverageAt(root: ResponseObject, path: SubgraphPath): ErrorCoverage {
    let coverage = ErrorCoverage.none;
    let value: unknown = root;
    for (const step of path) {
      if (typeof step === 'number') {
        coverage = coverage.item(step);
        value = Array.isArray(value) ? value[step] : undefined;
      } else if (isObject(value)) {
        coverage = coverage.object(value, this).field(value, step, this);
        value = value[step];
      }
    }
    return coverage;
  }
}

const NONE: readonly never[] = [];

/** Returns whether one path begins with the other. */
function leadsTo(one: SubgraphPath, other: SubgraphPath): boolean {
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) if (one[i] !== other[i]) return false;
  return true;
}

function addTo<T>(lists: Map<ResponseObject, T[]>, object: ResponseObject, item: T): void {
  const list = lists.get(object);
  if (list === undefined) lists.set(object, [item]);
  else if (!list.includes(item)) list.push(item);
}

function firstReason(
  missing: readonly MissingFields[] | undefined,
  service: string | undefined,
): MissingFields | undefined {
  const own = missing?.filter(
    ({ service: one, of }) => service === undefined || of === 'all' || (one === service) !== (of === 'others'),
  );
  // an error that was reported is not reported again
  return own?.find(({ reason }) => reason === 'reported') ?? own?.[0];
}

/** What errors explain at one place of the response; computed step by step from the root. */
export class ErrorCoverage {
  static readonly none = new ErrorCoverage(false, NONE, NONE, false);
  private static readonly whole = new ErrorCoverage(true, NONE, NONE, false);

  private readonly isWhole: boolean;
  private readonly places: readonly ErrorPlaces[];
  private readonly missing: readonly MissingFields[];
  /** Whether an error made this place, or one around it, null in one response. If there is a value, another response has it. */
  private readonly wasNull: boolean;

  private constructor(
    isWhole: boolean,
    places: readonly ErrorPlaces[],
    missing: readonly MissingFields[],
    wasNull: boolean,
  ) {
    this.isWhole = isWhole;
    this.places = places;
    this.missing = missing;
    this.wasNull = wasNull;
  }

  /** Whether an error explains a null at this place. */
  get explainsNull(): boolean {
    return this.isWhole || this.places.some(({ passed }) => passed);
  }

  /** Returns why data of a subgraph is missing at this place, where that is known from the places above. */
  reason(service: string | undefined): NullReason | undefined {
    return this.isWhole ? 'reported' : firstReason(this.missing, service)?.reason;
  }

  /** Returns the missing fields of an object above that explain it. */
  missingFields(service: string | undefined): MissingFields | undefined {
    return firstReason(this.missing, service);
  }

  /** Returns the coverage of the same place, with what is known of its object. */
  object(object: ResponseObject, missing: NullReasons): ErrorCoverage {
    const own = missing.placesAt(object);
    return this.isWhole || own.length === 0 ? this : this.with([...this.places, ...own], this.missing, this.wasNull);
  }

  field(object: ResponseObject, key: string, missing: NullReasons): ErrorCoverage {
    if (this.isWhole) return this;
    // the response that has the null would have had it
    if (this.wasNull && object[key] === undefined) return this.explained();
    const own = missing.missingFieldsAt(object, key);
    const isLost = own.some(({ reason }) => reason === 'reported');
    return this.below(key, own.length === 0 ? this.missing : [...this.missing, ...own], isLost);
  }

  /** Returns the coverage of a place that an error explains. What is known of the missing fields stays: it says which fetch failed. */
  private explained(): ErrorCoverage {
    return this.missing.length === 0 ? ErrorCoverage.whole : new ErrorCoverage(true, NONE, this.missing, false);
  }

  item(index: number): ErrorCoverage {
    return this.isWhole || this.places.length === 0 ? this : this.below(index, this.missing);
  }

  private below(step: string | number, missing: readonly MissingFields[], isLost = false): ErrorCoverage {
    const places = this.places.length === 0 ? NONE : this.places.flatMap((one) => one.at(step) ?? NONE);
    return this.with(places, missing, isLost || this.wasNull || places.some(({ passed }) => passed));
  }

  private with(places: readonly ErrorPlaces[], missing: readonly MissingFields[], wasNull: boolean): ErrorCoverage {
    if (places.some(({ reported }) => reported)) return ErrorCoverage.whole;
    const isNone = places.length === 0 && missing.length === 0 && !wasNull;
    return isNone ? ErrorCoverage.none : new ErrorCoverage(false, places, missing, wasNull);
  }
}
