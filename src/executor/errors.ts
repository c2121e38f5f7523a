import type { GraphQLFormattedError } from 'graphql';
import type { PlannedRequest } from '../planner/plan.ts';
import type { SourceFailure } from '../sources/source.ts';
import type { NullFault } from './null-reasons.ts';
import type { ObjectShape, SelectionPart } from './object-shapes.ts';
import { isObject } from './objects.ts';
import type { Violation } from './projection.ts';
import type { SubgraphPath } from './response-objects.ts';

const MALFORMED = 'SUBREQUEST_MALFORMED_RESPONSE';
const INPUT_MISSING = 'REQUIRED_INPUT_MISSING';

export type ResponsePath = readonly (string | number)[];

export interface ClientPaths {
  readonly paths: readonly ResponsePath[];
  /** How many steps of the wire path they stand for. */
  readonly depth: number;
}

/**
 * Puts a path in wire keys into the client's terms: one path for each alias under which the client asked for the field.
 * A path ends where the client asked for nothing: an error of a field that was read for `@requires` only is reported at the
 * object that it belongs to.
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

/** An error as a subgraph reported it; anything that is none is described. */
export interface SubgraphError {
  readonly message: string;
  /** As it came: not always the path of something that was asked for. */
  readonly path: readonly unknown[] | undefined;
  readonly extensions: Record<string, unknown> | undefined;
}

const NO_MESSAGE = 'The subgraph reported an error without a message.';

/**
 * Reads the `errors` of a response. Whatever is there is an error, even where it is malformed: only null and an empty list
 * are none.
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

/** Characters of a malformed error that are shown. */
const MAX_QUOTED = 200;

/** "a string", "null": what a JSON value is, for a message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A subgraph's error with the client's path and the service's name; its own extensions stay. */
export function formatSubgraphError(
  error: SubgraphError,
  service: string,
  path: ResponsePath | undefined,
): GraphQLFormattedError {
  const extensions = { code: 'DOWNSTREAM_SERVICE_ERROR', ...error.extensions, service };
  return path === undefined ? { message: error.message, extensions } : { message: error.message, path, extensions };
}

export function formatFailure(failure: SourceFailure, service: string, path: ResponsePath): GraphQLFormattedError {
  return {
    message: failure.message,
    path,
    extensions: {
      code: failure.code,
      service,
      ...(failure.reason === undefined ? {} : { reason: failure.reason }),
      ...(failure.status === undefined ? {} : { http: { status: failure.status } }),
      ...(failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }),
    },
  };
}

export function formatMissingInput(service: string, path: ResponsePath): GraphQLFormattedError {
  const message = `The subgraph "${service}" could not compute this field: what it requires of other subgraphs could not be fetched.`;
  return { message, path, extensions: { code: INPUT_MISSING, service } };
}

export function formatMissingKey(service: string, path: ResponsePath): GraphQLFormattedError {
  return { message: missingKey(service, 'could not be fetched'), path, extensions: { code: INPUT_MISSING, service } };
}

/** Why an object was not looked up, where its key is wrong. */
export function keyFault(service: string, key: string, problem: KeyProblem): NullFault {
  const [text, code] = KEY_PROBLEMS[problem];
  return { message: missingKey(service, `("${key}") ${text}`), code };
}

/**
 * `missing`: its subgraph did not answer it; `null`: it must not be null; `wrong`: it is a value of another kind; `failed`: an
 * error was reported for it.
 */
export type KeyProblem = keyof typeof KEY_PROBLEMS;

const KEY_PROBLEMS = {
  missing: ['is missing from what another subgraph answered', MALFORMED],
  null: ['is null, which it must not be', 'INVALID_NULL_OR_TYPE'],
  wrong: ['has a value of another kind than its type', 'INVALID_NULL_OR_TYPE'],
  failed: ['could not be fetched', INPUT_MISSING],
} as const;

function missingKey(service: string, problem: string): string {
  return `The subgraph "${service}" could not be asked for this field: the key of the object ${problem}.`;
}

/** An answer that is no GraphQL result. */
export function malformed(request: PlannedRequest, reason: string, status?: number): SourceFailure {
  return {
    code: MALFORMED,
    message: `The subgraph "${request.subgraph.name}" answered with something that is no GraphQL result.`,
    reason,
    ...(status === undefined ? {} : { status }),
  };
}

/** A null that no error explained so far, or a value of a wrong type. */
export function formatViolation({ message, path, code, service }: Violation): GraphQLFormattedError {
  return { message, path, extensions: service === undefined ? { code } : { code, service } };
}
