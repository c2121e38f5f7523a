import type { GraphQLFormattedError } from 'graphql';
import type { PlannedRequest } from '../planner/plan.ts';
import type { SourceFailure } from '../sources/source.ts';
import { isObject } from './objects.ts';
import type { Part, Shape, Violation } from './projection.ts';
import type { WirePath } from './targets.ts';

export type ResponsePath = readonly (string | number)[];

/**
 * Puts a path in wire keys into the client's terms: one path for each alias under which the client asked for the field.
 * A path ends where the client asked for nothing: an error of a field that was read for `@requires` only is reported at the
 * object that it belongs to.
 *
 * In:  `["users", 0, "name_1"]`, where `name_1` is the client's `fullName`
 * Out: `[["users", 0, "fullName"]]`
 */
export function toClientPaths(
  path: WirePath,
  root: readonly Part[],
  rootType: string,
  shapeOf: (parts: readonly Part[], typeName: string) => Shape,
  typeOf: (path: WirePath) => string | undefined,
): ResponsePath[] {
  const reached: { path: ResponsePath; depth: number }[] = [];
  const follow = (from: number, client: ResponsePath, parts: readonly Part[], typeName: string): void => {
    const step = path[from];
    if (typeof step === 'number') return follow(from + 1, [...client, step], parts, typeName);
    const fields = parts.length === 0 ? [] : shapeOf(parts, typeName).fields.filter(({ wireKey }) => wireKey === step);
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
  return reached.filter(({ depth }) => depth === deepest).map((end) => end.path);
}

/** An error as a subgraph reported it; anything that is none is described. */
export interface SubgraphError {
  readonly message: string;
  readonly path: WirePath | undefined;
  readonly extensions: Record<string, unknown> | undefined;
}

export function readSubgraphErrors(errors: unknown): SubgraphError[] {
  if (!Array.isArray(errors)) return [];
  return errors.map((error) => {
    if (!isObject(error))
      return { message: 'The subgraph reported an error without a message.', path: undefined, extensions: undefined };
    const path = Array.isArray(error.path) ? (error.path as WirePath) : undefined;
    const message =
      typeof error.message === 'string' ? error.message : 'The subgraph reported an error without a message.';
    return { message, path, extensions: isObject(error.extensions) ? error.extensions : undefined };
  });
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
  return { message, path, extensions: { code: 'REQUIRED_INPUT_MISSING', service } };
}

/** An answer that is no GraphQL result. */
export function malformed(request: PlannedRequest, reason: string, status?: number): SourceFailure {
  return {
    code: 'SUBREQUEST_MALFORMED_RESPONSE',
    message: `The subgraph "${request.subgraph.name}" answered with something that is no GraphQL result.`,
    reason,
    ...(status === undefined ? {} : { status }),
  };
}

/**
 * Violations that are not merely what an error reported before has left behind: a null is explained by an error at its
 * place, above it or below it. Indices do not count, so however many errors there are, their places are few.
 */
export function unexplained(
  violations: readonly Violation[],
  errors: readonly GraphQLFormattedError[],
): GraphQLFormattedError[] {
  const known = new KeyPaths();
  for (const { path } of errors) if (path !== undefined) known.add(path);
  return violations
    .filter(({ path }) => !known.meets(path))
    .map(({ message, path }) => ({ message, path, extensions: { code: 'INVALID_NULL_OR_TYPE' } }));
}

/** The keys of paths, without indices, as a tree. */
class KeyPaths {
  private readonly below = new Map<string, KeyPaths>();
  private ends = false;

  add(path: ResponsePath): void {
    let node: KeyPaths = this;
    for (const step of path) {
      if (typeof step !== 'string') continue;
      let next = node.below.get(step);
      if (next === undefined) {
        next = new KeyPaths();
        node.below.set(step, next);
      }
      node = next;
    }
    node.ends = true;
  }

  /** Whether a path was added that is the beginning of this one, or that this one is the beginning of. */
  meets(path: ResponsePath): boolean {
    let node: KeyPaths | undefined = this;
    for (const step of path) {
      if (node.ends) return true;
      if (typeof step !== 'string') continue;
      node = node.below.get(step);
      if (node === undefined) return false;
    }
    return node.ends || node.below.size > 0;
  }
}
