import type { GraphQLFormattedError } from 'graphql';
import type { Merged } from '../worlds/incremental.ts';

type Path = readonly (string | number)[];

interface Whole {
  readonly data: unknown;
  readonly errors: readonly GraphQLFormattedError[];
}

/** The errors of parts that failed because of an error that another part has. */
const FAILED_ELSEWHERE = new Set(['DEFERRED_FRAGMENT_FAILED', 'STREAMED_LIST_FAILED']);

/** Errors that are reported once for each request, at the first object that lacks the field: slices of a list have requests of their own. */
const ONCE_FOR_A_REQUEST = new Set(['SUBREQUEST_HTTP_ERROR', 'REQUIRED_INPUT_MISSING']);

/**
 * Compares merged parts with the whole result. They have the same data and the same errors, except for what the specification says of
 * parts that failed: null propagates to the part, in place of the nullable field around it.
 * Throws where they differ.
 */
export function compareParts(whole: Whole, merged: Merged): void {
  const wrong = difference(whole.data, merged.data, [], merged.failed) ?? differenceOfErrors(whole, merged);
  if (wrong !== undefined) throw new Error(wrong);
}

function difference(whole: unknown, merged: unknown, path: Path, failed: readonly Path[]): string | undefined {
  // null has propagated to a nullable field around the failed part, or to one within it that another part has delivered
  if (whole === null && merged !== null && failed.some((one) => isPrefix(one, path) || isPrefix(path, one)))
    return undefined;
  if (typeof whole !== 'object' || whole === null || typeof merged !== 'object' || merged === null)
    return Object.is(whole, merged)
      ? undefined
      : `${path.join('.')} is ${JSON.stringify(merged)}, not ${JSON.stringify(whole)}`;
  const [keys, known] = [new Set([...Object.keys(whole), ...Object.keys(merged)]), merged as Record<string, unknown>];
  for (const key of keys) {
    const below = [...path, Array.isArray(whole) ? Number(key) : key];
    if (!Object.hasOwn(whole, key)) return `${below.join('.')} is new`;
    if (Object.hasOwn(known, key)) {
      const found = difference((whole as Record<string, unknown>)[key], known[key], below, failed);
      if (found) return found;
    } else if (!failed.some((one) => isPrefix(one, path))) return `${below.join('.')} is missing`;
  }
  return undefined;
}

/** Errors within null are optional: which of them were found depends on what was executed before it was null. */
function differenceOfErrors(whole: Whole, merged: Merged): string | undefined {
  const own = merged.errors.filter((error) => !FAILED_ELSEWHERE.has(codeOf(error)));
  const [expected, found] = [new Set(whole.errors.map(placeOf)), new Set(own.map(placeOf))];
  const isWithin = (data: unknown, { path = [] }: GraphQLFormattedError) => isWithinNull(data, path);
  const added = own.filter((error) => !expected.has(placeOf(error)) && !isWithin(whole.data, error));
  const lost = whole.errors.filter((error) => !found.has(placeOf(error)) && !isWithin(merged.data, error));
  // an object that a second request has lost has no key for others
  const codes = new Set([...whole.errors.map(codeOf), 'REQUIRED_INPUT_MISSING']);
  const wrong = own.filter((error) => !codes.has(codeOf(error)));
  const all = [
    ...merged.errors.flatMap((error) => problemOf(error, merged)),
    ...wrong.map((error) => `only the parts have the code ${codeOf(error)}`),
    ...added.map((error) => `the error at ${placeOf(error)} is new`),
    ...lost.map((error) => `the error at ${placeOf(error)} is missing`),
  ];
  return all.length > 0 ? all.join('; ') : undefined;
}

/** Returns what is wrong about an error of a part that failed because of another one. */
function problemOf(error: GraphQLFormattedError, { failed, errors }: Merged): string[] {
  if (!FAILED_ELSEWHERE.has(codeOf(error))) return [];
  const { path = [] } = error;
  const isFailed = failed.some((one) => isPrefix(one, path) && path.length - one.length <= 1);
  if (!isFailed) return [`nothing failed at ${path.join('.')}`];
  const causes = errors.filter((one) => !FAILED_ELSEWHERE.has(codeOf(one)));
  return causes.length > 0 ? [] : [`no error explains that ${path.join('.')} failed`];
}

function codeOf({ extensions }: GraphQLFormattedError): string {
  return String(extensions?.code);
}

function placeOf(error: GraphQLFormattedError): string {
  const { path = [] } = error;
  const isOnce = ONCE_FOR_A_REQUEST.has(codeOf(error));
  return (isOnce ? path.filter((step) => typeof step === 'string') : path).join('.');
}

/** Returns whether a path leads to something within null, or within a field that a failed part has not delivered. */
function isWithinNull(data: unknown, path: Path): boolean {
  let value = data;
  for (const step of path) {
    if (value === null || value === undefined) return true;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value === undefined;
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((step, i) => long[i] === step);
}
