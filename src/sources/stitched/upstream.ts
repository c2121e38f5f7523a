import type { ExecutionRequest, ExecutionResult } from '@graphql-tools/utils';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, Kind, print } from 'graphql';
import type { Source, SourceAnswer, SourceFailure, SourceRequest } from '../source.ts';
import { type WrittenOut, writeOutMany } from './look-up-many.ts';
import type { RequestNames } from './request-names.ts';

/** What answering one fetch of the gateway came to: the stitched schema's context. */
export interface Exchange {
  readonly request: SourceRequest;
  calls: number;
  readonly failures: SourceFailure[];
  /** Errors of the service with their paths in the gateway's terms, or without one. */
  readonly errors: GraphQLFormattedError[];
  /** Whether there are errors among the values that were found. */
  located: boolean;
}

export interface UpstreamOptions {
  readonly name: string;
  readonly source: Source;
  /** The service's schema in the graph's names. */
  readonly schema: GraphQLSchema;
  readonly names: RequestNames | undefined;
}

/**
 * How the stitched schema asks the service: by the gateway's own transport, so that timeouts, connections, headers, sharing
 * and aborts are those of every source. A failure is noted down, and leaves nulls; what to say of it is decided at the end.
 */
export function createUpstream(options: UpstreamOptions): (request: ExecutionRequest) => Promise<ExecutionResult> {
  const { source, schema, names } = options;
  return (request) => {
    const exchange = request.context as Exchange;
    const many = writeOutMany(request.document, request.variables ?? {}, schema);
    const known = many?.document ?? request.document;
    const renamed = names?.toService(known);
    const body = JSON.stringify({
      query: print(renamed?.document ?? known),
      variables: many?.variables ?? request.variables,
    });
    exchange.calls += 1;
    return new Promise((resolve) => {
      source.send({ ...exchange.request, body }, (answer) => {
        const result = readAnswer(options.name, answer, rootKeys(known));
        if ('code' in result) {
          exchange.failures.push(result);
          return resolve({ data: null });
        }
        renamed?.restore(result.data);
        const data = result.data && many ? many.gather(result.data) : result.data;
        resolve({ data, ...takeLocated(result.errors, many, exchange) });
      });
    });
  };
}

/** Response keys of the operation's fields. */
function rootKeys(document: DocumentNode): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const field of node.selectionSet.selections)
      if (field.kind === Kind.FIELD) keys.add(field.alias?.value ?? field.name.value);
  }
  return keys;
}

/** Errors with a place go along with the data, so that stitching gives each to its entity; others are told as they are. */
function takeLocated(errors: readonly ServiceError[], many: WrittenOut | undefined, exchange: Exchange) {
  const located: GraphQLError[] = [];
  for (const { path, error } of errors) {
    if (path === undefined) {
      exchange.errors.push(error);
      continue;
    }
    const { message, extensions } = error;
    located.push(new GraphQLError(message, { path: many?.pathOf(path) ?? path, extensions }));
  }
  exchange.located ||= located.length > 0;
  return located.length > 0 ? { errors: located } : {};
}

interface ServiceError {
  /** A path that begins with one of the request's fields. */
  readonly path: readonly (string | number)[] | undefined;
  readonly error: GraphQLFormattedError;
}

interface ServiceResult {
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly ServiceError[];
}

function readAnswer(name: string, answer: SourceAnswer, keys: ReadonlySet<string>): ServiceResult | SourceFailure {
  if (answer.kind === 'failure') return answer.failure;
  const result = readResult(name, answer.text, answer.status);
  if ('code' in result) return result;
  const { data } = result;
  const errors = Array.isArray(result.errors) ? result.errors.map((error) => readError(error, keys)) : [];
  const missing = data === null ? undefined : [...keys].find((key) => data[key] === undefined);
  if (missing === undefined || errors.length > 0) return { data, errors };
  return malformed(name, `the field "${missing}" is missing`, answer.status);
}

interface Result {
  readonly data: Record<string, unknown> | null;
  readonly errors: unknown;
}

function readResult(name: string, text: string, status: number): Result | SourceFailure {
  let result: unknown;
  try {
    result = JSON.parse(text);
  } catch {
    return malformed(name, 'not JSON', status);
  }
  if (!isObject(result)) return malformed(name, 'neither data nor errors', status);
  const { data, errors } = result;
  if (isObject(data)) return { data, errors };
  const explained = Array.isArray(errors) && errors.length > 0;
  if (explained && (data === null || data === undefined)) return { data: null, errors };
  return malformed(name, data === undefined ? 'neither data nor errors' : 'data is no object', status);
}

function malformed(name: string, reason: string, status: number): SourceFailure {
  const message = `The subgraph "${name}" answered with something that is no GraphQL result.`;
  return { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, status };
}

function readError(value: unknown, keys: ReadonlySet<string>): ServiceError {
  const { message, path, extensions } = isObject(value) ? value : {};
  const error = {
    message: typeof message === 'string' ? message : 'The subgraph reported an error without a message.',
    ...(isObject(extensions) ? { extensions } : {}),
  };
  return { path: Array.isArray(path) && keys.has(path[0]) ? path : undefined, error };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
