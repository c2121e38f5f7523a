import type { GraphQLFormattedError } from 'graphql';
import type { ExecutionResult } from '../../pipeline/engine.ts';
import { parseJson } from '../../shared/exact-json.ts';
import type { DeferredOperation, Endpoint } from '../endpoints/endpoints.ts';
import {
  errorCode,
  type PartialFailure,
  resolveErrors,
  type Section,
  sectionAt,
  visiblePaths,
} from '../endpoints/shape.ts';

type Json = Record<string, unknown>;

/** The result of a section that was executed on its own; `undefined` on timeout. */
export interface DeferredResult {
  readonly operation: DeferredOperation;
  readonly result: ExecutionResult | undefined;
}

/** Merges the results of late sections into the data, in place. Returns the sections that failed or timed out. */
export function mergeDeferred(
  endpoint: Endpoint,
  data: unknown,
  deferred: readonly DeferredResult[],
): PartialFailure[] {
  return deferred.flatMap((one) => mergeOne(endpoint.sections, data, one));
}

function mergeOne(root: Section, data: unknown, { operation, result }: DeferredResult): PartialFailure[] {
  const parent = parentIn(data, operation.path);
  // the parent object is null, so the section has no place
  if (parent === undefined) return [];
  const key = operation.path.at(-1) as string;
  const fallback = sectionAt(root, operation.path)?.optional?.fallback ?? null;
  const fail = (code: string, message: string): PartialFailure[] => {
    parent[key] = fallback;
    return visiblePaths(root, operation.path).map((path) => ({ path, code, message }));
  };
  if (result === undefined) return fail('SECTION_TIMEOUT', tooSlow(operation));
  const own: unknown = result.dataText === undefined ? null : parseJson(result.dataText);
  const { partial, failures } = resolveErrors(root, own, result.errors);
  const [failed] = failures;
  if (failed !== undefined) return fail(errorCode(failed), failed.message);
  const source = parentIn(own, operation.path);
  if (source !== undefined) {
    // Absent where @skip or @include left it out.
    if (Object.hasOwn(source, key)) parent[key] = source[key];
    return partial;
  }
  const [first] = result.errors as readonly (GraphQLFormattedError | undefined)[];
  return fail(first ? errorCode(first) : 'INTERNAL_SERVER_ERROR', first?.message ?? 'The section could not be read.');
}

function tooSlow({ timeoutMs }: Pick<DeferredOperation, 'timeoutMs'>): string {
  return `The section was not ready within ${timeoutMs} milliseconds.`;
}

function parentIn(data: unknown, path: readonly string[]): Json | undefined {
  let value = data;
  for (const step of path.slice(0, -1)) value = (value as Json | null)?.[step];
  return typeof value === 'object' && value !== null ? (value as Json) : undefined;
}
