import type { GraphQLFormattedError } from 'graphql';
import type { DeferGroup } from '../operation/defer-groups.ts';
import type { PlannedRequest } from '../planner/plan.ts';
import type { SourceFailure, SubgraphResponse } from '../sources/source.ts';
import type { NullFault } from './null-reasons.ts';
import type { ObjectShape, SelectionPart } from './object-shapes.ts';
import { isObject } from './objects.ts';
import type { SubgraphPath } from './response-objects.ts';
import type { Violation } from './write-context.ts';

export const MALFORMED = 'SUBREQUEST_MALFORMED_RESPONSE';
const INPUT_MISSING = 'REQUIRED_INPUT_MISSING';

/** A path in the client's response. */
export type ResponsePath = readonly (string | number)[];

/** The client's paths for a path of a subgraph. */
export interface ClientPaths {
  readonly paths: readonly ResponsePath[];
  /** How many steps of the subgraph path they stand for. */
  readonly depth: number;
}

/**
 * Translates a path of aliased keys into the client's terms: one path for each alias under which the client selected
 * the field. A path ends where the client's selection ends: an error of a field that is fetched for `@requires` only
 * is reported at its object.
 *
 * In:  `["users", 0, "name_1"]`, where `name_1` is the client's `fullName`
 * Out: `[["users", 0, "fullName"]]`, and how many steps of the path they stand for: 3
 */
export function toClientPaths(
  path: SubgraphPath,
  root: readonly SelectionPart[],
  rootType: string,
  shapeOf: (parts: readonly SelectionPart[], typeName: string) => ObjectShape,
  typeOf: (path: SubgraphPath) => string | undefined,
): ClientPaths {
  const reached: { path: ResponsePath; depth: number }[] = [];
  const follow = (from: number, client: ResponsePath, parts: readonly SelectionPart[], typeName: string): void => {
    const step = path[from];
    if (typeof step === 'number') return follow(from + 1, [...client, step], parts, typeName);
    const fields =
      parts.length === 0 ? [] : shapeOf(parts, typeName).fields.filter(({ subgraphKey }) => subgraphKey === step);
    if (step === undefined || fields.length === 0) {
      reached.push({ path: client, depth: from });
      return;
    }
    let end = from + 1;
    while (typeof path[end] === 'number') end += 1;
    for (const { field, below } of fields) {
      follow(
        from + 1,
        [...client, field.responseKey],
        below,
        typeOf(path.slice(0, end)) ?? below[0]?.position.type ?? typeName,
      );
    }
  };
  follow(0, [], root, rootType);
  const deepest = Math.max(...reached.map(({ depth }) => depth));
  return { paths: reached.filter(({ depth }) => depth === deepest).map((end) => end.path), depth: deepest };
}

/** An error as a subgraph reported it; a malformed one is described. */
export interface SubgraphError {
  readonly message: string;
  /** As received: not always the path of a selected field. */
  readonly path: readonly unknown[] | undefined;
  readonly extensions: Record<string, unknown> | undefined;
}

const NO_MESSAGE = 'The subgraph reported an error without a message.';

/**
 * Reads the `errors` of a response. Every value except null and an empty list counts as an error, even a malformed
 * one.
 */
export function readSubgraphErrors(errors: unknown): readonly SubgraphError[] {
  if (errors === undefined || errors === null) return [];
  if (Array.isArray(errors)) return errors.map((error) => readSubgraphError(error));
  return [readSubgraphError(errors, `"errors" is ${kindOf(errors)}, not a list`)];
}

function readSubgraphError(error: unknown, problem?: string): SubgraphError {
  if (!isObject(error)) {
    const reason = problem ?? `an item of "errors" is ${kindOf(error)}, not an object`;
    const text = typeof error === 'string' && error !== '' ? `${reason}: ${error.slice(0, MAX_QUOTED)}` : reason;
    return { message: NO_MESSAGE, path: undefined, extensions: { code: MALFORMED, reason: text } };
  }
  const path = Array.isArray(error.path) ? error.path : undefined;
  const extensions = isObject(error.extensions) ? error.extensions : undefined;
  const message = typeof error.message === 'string' ? error.message : NO_MESSAGE;
  const reason = problem ?? (message === error.message ? undefined : 'the message of an error is not a string');
  if (reason === undefined) return { message, path, extensions };
  return { message, path, extensions: { code: MALFORMED, reason, ...extensions } };
}

/** The most characters of a malformed error that are quoted. */
const MAX_QUOTED = 200;

/** Returns the kind of a JSON value for a message, such as "a string" or "null". */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Returns a subgraph error with the client's path and the name of the subgraph; its own extensions stay. */
export function formatSubgraphError(
  error: SubgraphError,
  service: string,
  path: ResponsePath | undefined,
): GraphQLFormattedError {
  const extensions = { code: 'DOWNSTREAM_SERVICE_ERROR', ...error.extensions, service };
  return located(error.message, path, extensions);
}

/**
 * Returns an error with a path, if it belongs to a field of the response. What is fetched at the root for other fields only has none there.
 * @see https://spec.graphql.org/October2021/#sec-Errors
 */
function located(
  message: string,
  path: ResponsePath | undefined,
  extensions: Record<string, unknown>,
): GraphQLFormattedError {
  return path === undefined || path.length === 0 ? { message, extensions } : { message, path, extensions };
}

/** Returns the error for a failed request, at a path. */
export function formatFailure(failure: SourceFailure, service: string, path: ResponsePath): GraphQLFormattedError {
  return located(failure.message, path, {
    code: failure.code,
    service,
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
    ...(failure.status === undefined ? {} : { http: { status: failure.status } }),
    ...(failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }),
  });
}

export function formatMissingInput(service: string, path: ResponsePath): GraphQLFormattedError {
  const message = `The subgraph "${service}" could not compute this field: the fields that it requires from other subgraphs could not be fetched.`;
  return located(message, path, { code: INPUT_MISSING, service });
}

export function formatMissingKey(service: string, path: ResponsePath): GraphQLFormattedError {
  return located(missingKey(service, 'could not be fetched'), path, { code: INPUT_MISSING, service });
}

/** Returns the error for an object that was not looked up because of its key. */
export function keyFault(service: string, key: string, problem: KeyProblem): NullFault {
  const [text, code] = KEY_PROBLEMS[problem];
  return { message: missingKey(service, `("${key}") ${text}`), code };
}

/**
 * `missing`: the subgraph did not return it; `null`: it must not be null; `wrong`: its value is of another kind than
 * its type; `failed`: an error was reported for it.
 */
export type KeyProblem = keyof typeof KEY_PROBLEMS;

const KEY_PROBLEMS = {
  missing: ['is missing from the response of another subgraph', MALFORMED],
  null: ['is null, which it must not be', 'INVALID_NULL_OR_TYPE'],
  wrong: ['has a value of another kind than its type', 'INVALID_NULL_OR_TYPE'],
  failed: ['could not be fetched', INPUT_MISSING],
} as const;

function missingKey(service: string, problem: string): string {
  return `The subgraph "${service}" could not be queried for this field: the key of the object ${problem}.`;
}

export const CLIENT_DISCONNECTED: SourceFailure = {
  code: 'SUBREQUEST_HTTP_ERROR',
  message: 'Client disconnected.',
};

/** What takes the place of a response that nobody waits for. */
export const DISCONNECTED: SubgraphResponse = { kind: 'failure', failure: CLIENT_DISCONNECTED };

/** Returns the failure for a response that is not a GraphQL result. */
export function malformed(request: PlannedRequest, reason: string, status?: number): SourceFailure {
  return {
    code: MALFORMED,
    message: `The subgraph "${request.subgraph.name}" did not return a GraphQL response.`,
    reason,
    ...(status === undefined ? {} : { status }),
  };
}

/** Returns the error for an unexplained null, or for a value of a wrong type. */
function formatViolation({ message, path, code, service }: Violation): GraphQLFormattedError {
  return located(message, path, service === undefined ? { code } : { code, service });
}

/** Returns errors with those of the projection. */
export function withViolations(
  errors: readonly GraphQLFormattedError[],
  violations: readonly Violation[],
): readonly GraphQLFormattedError[] {
  return violations.length === 0 ? errors : [...errors, ...violations.map(formatViolation)];
}

/** Returns the error for a defer group that was not ready in time. */
export function formatTimeout({ path, timeoutMs }: DeferGroup): GraphQLFormattedError {
  const message = `The section was not ready within ${timeoutMs} milliseconds.`;
  return { message, path, extensions: { code: 'SECTION_TIMEOUT' } };
}
