import type { GraphQLFormattedError } from 'graphql';
import type { PlannedRequest } from '../planner/plan.ts';
import type { SourceFailure } from '../sources/source.ts';
import { isObject } from './objects.ts';
import type { Part, Projection, Violation } from './projection.ts';
import type { WirePath } from './targets.ts';

export type ResponsePath = readonly (string | number)[];

/**
 * Puts a path in wire keys into the client's terms. It ends where the client asked for nothing: an error of a field that
 * was read for `@requires` only is reported at the object that it belongs to.
 *
 * In:  `["users", 0, "name_1"]`, where `name_1` is the client's `fullName`
 * Out: `["users", 0, "fullName"]`
 */
export function toClientPath(path: WirePath, root: Part, projection: Projection, typeOf: (path: WirePath) => string | undefined): ResponsePath {
  const client: (string | number)[] = [];
  let parts: readonly Part[] = [root];
  let typeName = root.position.type;
  for (let i = 0; i < path.length; i++) {
    const step = path[i];
    if (step === undefined) break;
    if (typeof step === 'number') {
      client.push(step);
      continue;
    }
    const field = projection.shape(parts, typeName).fields.find((candidate) => candidate.wireKey === step);
    if (!field) break;
    client.push(field.field.responseKey);
    parts = field.below;
    if (parts.length === 0) {
      client.push(...path.slice(i + 1).filter((rest) => typeof rest === 'number'));
      break;
    }
    let end = i + 1;
    while (typeof path[end] === 'number') end += 1;
    typeName = typeOf(path.slice(0, end)) ?? parts[0]?.position.type ?? typeName;
  }
  return client;
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
    if (!isObject(error)) return { message: 'The subgraph reported an error without a message.', path: undefined, extensions: undefined };
    const path = Array.isArray(error.path) ? (error.path as WirePath) : undefined;
    const message = typeof error.message === 'string' ? error.message : 'The subgraph reported an error without a message.';
    return { message, path, extensions: isObject(error.extensions) ? error.extensions : undefined };
  });
}

/** A subgraph's error with the client's path and the service's name; its own extensions stay. */
export function formatSubgraphError(error: SubgraphError, service: string, path: ResponsePath | undefined): GraphQLFormattedError {
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
    },
  };
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
 * place, above it or below it.
 */
export function unexplained(violations: readonly Violation[], errors: readonly GraphQLFormattedError[]): GraphQLFormattedError[] {
  const keysOf = (path: ResponsePath) => path.filter((step) => typeof step === 'string');
  const known = errors.filter((error) => error.path !== undefined).map((error) => keysOf(error.path ?? []));
  return violations
    .filter(({ path }) => {
      const keys = keysOf(path);
      return !known.some((other) => startsWith(keys, other) || startsWith(other, keys));
    })
    .map(({ message, path }) => ({ message, path, extensions: { code: 'INVALID_NULL_OR_TYPE' } }));
}

function startsWith(path: ResponsePath, start: ResponsePath): boolean {
  return start.every((step, index) => path[index] === step);
}

