import type { GraphQLFormattedError } from 'graphql';
import { MAX_PLACES_PER_ERROR } from '../../src/executor/error-locator.ts';
import type { Merged } from '../worlds/incremental.ts';

type Path = readonly (string | number)[];

interface Whole {
  readonly data: unknown;
  readonly errors: readonly GraphQLFormattedError[];
}

/** What a world does that makes a difference between a whole result and its parts. */
export interface Conditions {
  /**
   * Whether fields fail that others require: then an object is null in the response of its subgraph, with all fields of the same request,
   * whether the client has selected them or not. Parts have requests of their own, and lose less.
   */
  readonly hasHiddenErrors: boolean;
  /** The data where no subgraph is down; the same as that of the whole result if none is. */
  readonly healthy: unknown;
}

/** The errors of parts that failed because of an error that another part has. */
const FAILED_ELSEWHERE = new Set(['DEFERRED_FRAGMENT_FAILED', 'STREAMED_LIST_FAILED']);

/** Errors that are reported once for each request, at the first object that lacks the field: slices of a list have requests of their own. */
const ONCE_FOR_A_REQUEST = new Set(['SUBREQUEST_HTTP_ERROR', 'REQUIRED_INPUT_MISSING']);
const DOWN = 'SUBREQUEST_HTTP_ERROR';

/**
 * Compares merged parts with the whole result. They have the same data and the same errors, except for what the specification says of
 * parts that failed: null propagates to the part, in place of the nullable field around it.
 * Throws where they differ.
 */
export function compareParts(whole: Whole, merged: Merged, { hasHiddenErrors, healthy }: Conditions): void {
  const found = new DataComparison(whole, merged, { hasHiddenErrors, healthy });
  // a field that the client selects and others require is fetched for each: where it fails, the second error is at its object
  const isRepeated = (error: GraphQLFormattedError) =>
    hasHiddenErrors &&
    merged.errors.some((one) => isOfField(one, error) && whole.errors.some((other) => isSame(one, other)));
  const isGone = (path: Path) => isEmpty(healthy, path) && isEmpty(merged.data, path);
  const isKept = (error: GraphQLFormattedError) => {
    const { path = [] } = error;
    if (found.kept.some((one) => isPrefix(one, path))) return true;
    // it asks for fields with different inputs in one look-up, and leaves all of them out where one input is missing
    if (codeOf(error) === 'REQUIRED_INPUT_MISSING' && valueAt(merged.data, path) != null) return true;
    // an object that the whole result has lost with its type, and parts have not
    if (error.message.startsWith('The runtime type of this') && valueAt(merged.data, path) != null) return true;
    return merged.errors.some((one) => isElsewhere(whole, error, one));
  };
  const isLost = (error: GraphQLFormattedError) =>
    codeOf(error) === DOWN && found.lost.some((one) => isPrefix(one, withoutIndices(error.path ?? [])));
  const wrong = found.run() ?? differenceOfErrors(whole, merged, { isKept, isGone, isLost, isRepeated });
  if (wrong !== undefined) throw new Error(wrong);
}

/** Compares data. */
class DataComparison {
  /** The paths that are null in the whole result only, because of a field that the client has not selected. */
  readonly kept: Path[] = [];
  /** The paths without indices that are null in the parts only, because these have asked a subgraph that is down. */
  readonly lost: Path[] = [];
  private readonly whole: Whole;
  private readonly merged: Merged;
  /** The paths of errors that both have, where that is allowed to explain a difference. */
  private readonly errors: readonly Path[];
  /** The fields that a subgraph failed to return to the parts, without indices. */
  private readonly lostByParts: readonly Path[];
  /** The same for the whole result. */
  private readonly lostByWhole: readonly Path[];
  private readonly hasHiddenErrors: boolean;
  private readonly healthy: unknown;

  constructor(whole: Whole, merged: Merged, { hasHiddenErrors, healthy }: Conditions) {
    this.hasHiddenErrors = hasHiddenErrors;
    this.healthy = healthy;
    this.whole = whole;
    this.merged = merged;
    const known = new Set(merged.errors.map(exactly));
    const both = whole.errors.filter((error) => known.has(exactly(error)));
    this.errors = hasHiddenErrors ? both.map(({ path = [] }) => path) : [];
    const downIn = (errors: readonly GraphQLFormattedError[]) =>
      errors.flatMap((error) => (codeOf(error) === DOWN ? [withoutIndices(error.path ?? [])] : []));
    this.lostByParts = downIn(merged.errors);
    this.lostByWhole = downIn(whole.errors);
  }

  /** Returns the first difference. */
  run(): string | undefined {
    return this.compare(this.whole.data, this.merged.data, []);
  }

  private compare(whole: unknown, merged: unknown, path: Path): string | undefined {
    if (whole === null && merged !== null && this.isAllowedNull(path, merged)) return undefined;
    // of the subgraphs that have a field, only the parts have asked the one that is down
    if (merged === null && whole !== null && this.isLost(path, this.lostByParts, whole, this.whole.errors)) {
      this.lost.push(withoutIndices(path));
      return undefined;
    }
    if (typeof whole !== 'object' || whole === null || typeof merged !== 'object' || merged === null)
      return Object.is(whole, merged) ? undefined : `${show(path)} is ${text(merged)}, not ${text(whole)}`;
    const [expected, found] = [whole as Record<string, unknown>, merged as Record<string, unknown>];
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const below = [...path, Array.isArray(whole) ? Number(key) : key];
      if (!Object.hasOwn(expected, key)) return `${show(below)} is new`;
      if (!Object.hasOwn(found, key)) {
        if (!this.merged.failed.some((one) => isPrefix(one, path))) return `${show(below)} is missing`;
        // of the subgraphs that have a field, only the failed part has asked the one that is down
        if (this.isLost(below, this.lostByParts, expected[key], this.whole.errors))
          this.lost.push(withoutIndices(below));
        continue;
      }
      const wrong = this.compare(expected[key], found[key], below);
      if (wrong) return wrong;
    }
    return undefined;
  }

  /** Returns whether the parts have an error at a path or below it, which made it null. */
  private hasErrorIn(path: Path): boolean {
    const above = withoutIndices(path);
    return this.merged.errors.some((error) => isPrefix(above, withoutIndices(error.path ?? [])));
  }

  /**
   * Returns whether null is due to a subgraph that is down, at a path or below it, while the other result has what is there otherwise.
   * The failure of a request is reported at its root field, also where another request has returned an object for the same field.
   * @param lost the paths of the errors
   * @param value what the other result has
   * @param errors those of the other result
   */
  private isLost(path: Path, lost: readonly Path[], value: unknown, errors: readonly GraphQLFormattedError[]): boolean {
    const place = withoutIndices(path);
    return (
      lost.some((one) => isPrefix(place, one) || (one.length === 1 && one[0] === place[0])) &&
      isHealthyPart(value, valueAt(this.healthy, path), withPlaces(errors), place)
    );
  }

  private isAllowedNull(path: Path, merged: unknown): boolean {
    // null has propagated to a nullable field around the failed part, or to one within it that another part has delivered
    const isAtFailed = this.merged.failed.some((one) => isPrefix(one, path) || isPrefix(path, one));
    if (isAtFailed && this.hasErrorIn(path)) {
      if (this.hasHiddenErrors) this.kept.push(path);
      return true;
    }
    // of the subgraphs that have a field, only the whole result has asked the one that is down
    if (this.isLost(path, this.lostByWhole, merged, this.merged.errors)) {
      this.kept.push(path);
      return true;
    }
    // the whole result asks for fields with different inputs in one look-up, and leaves all of them out where one input is missing
    const place = show(withoutIndices(path));
    const isLeftOut = this.whole.errors.some(
      (one) => codeOf(one) === 'REQUIRED_INPUT_MISSING' && placeOf(one) === place,
    );
    if (!isLeftOut && !this.errors.some((error) => isPrefix(path.slice(0, -1), error))) return false;
    this.kept.push(path);
    return true;
  }
}

/** Which differences are allowed. */
interface Allowed {
  /** Whether the parts have data where the whole result has the null of an error, or the error at another place. */
  readonly isKept: (error: GraphQLFormattedError) => boolean;
  /** Whether there is no object at a path: a request for parts of it may fail, but then no part does. */
  readonly isGone: (path: Path) => boolean;
  /** Whether an error says why only the parts have null. */
  readonly isLost: (error: GraphQLFormattedError) => boolean;
  /** Whether an error at an object is also at a field of it, in both results. */
  readonly isRepeated: (error: GraphQLFormattedError) => boolean;
}

/**
 * Errors within null are optional: which of them were found depends on what was executed before it was null.
 */
function differenceOfErrors(whole: Whole, merged: Merged, allowed: Allowed): string | undefined {
  const { isKept, isGone, isLost, isRepeated } = allowed;
  const own = merged.errors.filter((error) => !FAILED_ELSEWHERE.has(codeOf(error)));
  const [expected, found] = [new Set(whole.errors.map(placeOf)), new Set(own.map(placeOf))];
  // one request reports the same error at so many places only; parts have several requests
  const isOneOfMany = ({ message }: GraphQLFormattedError) =>
    whole.errors.filter((one) => one.message === message).length >= MAX_PLACES_PER_ERROR;
  // what the whole result reads where the object comes from, a part looks up by a key, which the same failure takes away
  const isKeyLost = (error: GraphQLFormattedError) =>
    codeOf(error) === 'REQUIRED_INPUT_MISSING' &&
    whole.errors.some((one) => codeOf(one) === DOWN && one.path?.length && isPrefix(one.path, error.path ?? []));
  const added = own.filter((error) => {
    if (expected.has(placeOf(error)) || isWithinNull(whole.data, error.path ?? [])) return false;
    const isKnown = whole.errors.some((one) => isElsewhere(whole, one, error));
    return !isKnown && !isLost(error) && !isKeyLost(error) && !isOneOfMany(error) && !isRepeated(error);
  });
  const lost = whole.errors.filter((error) => {
    const { path = [] } = error;
    if (found.has(placeOf(error)) || isWithinNull(merged.data, path) || isKept(error)) return false;
    // what is not selected at the root has no path
    return !(ONCE_FOR_A_REQUEST.has(codeOf(error)) && (path.length === 0 || isGone(path)));
  });
  // an object that a second request has lost has no key for others
  const codes = new Set([...whole.errors.map(codeOf), 'REQUIRED_INPUT_MISSING']);
  // where null has propagated in the whole result, it may have asked one subgraph less
  const isUnasked = (error: GraphQLFormattedError) =>
    codeOf(error) === DOWN && isWithinNull(whole.data, error.path ?? []);
  const wrong = own.filter((error) => !codes.has(codeOf(error)) && !isUnasked(error) && !isLost(error));
  const all = [
    ...merged.errors.flatMap((error) => problemOf(error, merged)),
    ...wrong.map((error) => `only the parts have the code ${codeOf(error)}`),
    ...added.map((error) => `the error at ${placeOf(error)} is new`),
    ...lost.map((error) => `the error at ${placeOf(error)} is missing`),
  ];
  return all.length > 0 ? all.join('; ') : undefined;
}

/**
 * Returns whether a part has an error at another place than the whole result. That has it at an object where it is not known which field
 * of the object the client has selected: none, or the type of the object is not known. Parts read the object in other requests, so that
 * its type may be known, or that the field is read for an object around it. Where a request fails, that is said of all that it reads: the
 * request of a part reads less.
 */
function isElsewhere({ data }: Whole, error: GraphQLFormattedError, ofPart: GraphQLFormattedError): boolean {
  const [path, own] = [error.path ?? [], ofPart.path ?? []];
  if (error.message !== ofPart.message || path.length === 0) return false;
  const value = valueAt(data, path);
  if (typeof value !== 'object' && !isWithinNull(data, path)) return false;
  return isPrefix(path, own) || (value !== null && isPrefix(own, path));
}

/** Returns whether an error is at a field of the object that the same error is at. */
function isOfField({ message, path = [] }: GraphQLFormattedError, ofObject: GraphQLFormattedError): boolean {
  return message === ofObject.message && show(path.slice(0, -1)) === show(ofObject.path ?? []);
}

function isSame(one: GraphQLFormattedError, other: GraphQLFormattedError): boolean {
  return exactly(one) === exactly(other);
}

/** Returns what is wrong about an error of a part that failed because of another one. */
function problemOf(error: GraphQLFormattedError, { failed, errors }: Merged): string[] {
  if (!FAILED_ELSEWHERE.has(codeOf(error))) return [];
  const { path = [] } = error;
  // that of a list has the index of the item
  const isFailed = failed.some((one) => isPrefix(one, path) && path.length - one.length <= 1);
  if (!isFailed) return [`nothing failed at ${show(path)}`];
  const isExplained = errors.some((one) => !FAILED_ELSEWHERE.has(codeOf(one)));
  return isExplained ? [] : [`no error explains that ${show(path)} failed`];
}

function codeOf({ extensions }: GraphQLFormattedError): string {
  return String(extensions?.code);
}

function placeOf(error: GraphQLFormattedError): string {
  const { path = [] } = error;
  return show(ONCE_FOR_A_REQUEST.has(codeOf(error)) ? withoutIndices(path) : path);
}

function exactly({ message, path = [] }: GraphQLFormattedError): string {
  return `${show(path)} ${message}`;
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) value = (value as Record<string | number, unknown> | null | undefined)?.[step];
  return value;
}

/** Returns whether a path leads to something within null, or within a field that a failed part has not delivered. */
function isWithinNull(data: unknown, path: Path): boolean {
  // at the root, null is all that there is
  if (path.length === 0) return data === null;
  let value = data;
  for (const step of path) {
    if (value === null || value === undefined) return true;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value === undefined;
}

function withPlaces(errors: readonly GraphQLFormattedError[]): readonly Path[] {
  return errors.map(({ path = [] }) => withoutIndices(path));
}

/** Returns whether a value is one where no subgraph is down, except for nulls that have errors at, around or below them. */
function isHealthyPart(value: unknown, healthy: unknown, errors: readonly Path[], place: Path): boolean {
  if (value === null) return healthy === null || errors.some((one) => isPrefix(one, place) || isPrefix(place, one));
  if (typeof value !== 'object' || typeof healthy !== 'object' || healthy === null) return Object.is(value, healthy);
  if (Array.isArray(value) !== Array.isArray(healthy)) return false;
  return Object.entries(value as object).every(([key, inner]) => {
    const below = Array.isArray(value) ? place : [...place, key];
    return isHealthyPart(inner, (healthy as Record<string, unknown>)[key], errors, below);
  });
}

/**
 * Returns whether there is no object at a path, or none of a type that has selected fields, whatever the indices. An object that has only
 * null and lists without items counts as none: a request for what is in it has no place.
 */
function isEmpty(data: unknown, path: Path): boolean {
  if (Array.isArray(data)) return data.every((item) => isEmpty(item, path));
  if (typeof data !== 'object' || data === null) return data === null;
  const [key, ...rest] = withoutIndices(path);
  if (key === undefined) return Object.values(data).every((value) => isEmpty(value, []));
  return Object.keys(data).length === 0 || isEmpty((data as Record<string, unknown>)[key], rest);
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((step, i) => long[i] === step);
}

function withoutIndices(path: Path): string[] {
  return path.filter((step) => typeof step === 'string');
}

function show(path: Path): string {
  return path.join('.');
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
