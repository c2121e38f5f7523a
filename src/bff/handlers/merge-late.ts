import type { GraphQLFormattedError } from 'graphql';
import type { ExecutionResult } from '../../pipeline/engine.ts';
import { parseJson } from '../../shared/exact-json.ts';
import type { Endpoint, LateOperation } from '../endpoints/endpoints.ts';
import {
  errorCode,
  type PartialFailure,
  type Section,
  sectionAt,
  settleErrors,
  visiblePaths,
} from '../endpoints/shape.ts';

type Json = Record<string, unknown>;

/** What a section came to that was asked for beside the rest; `undefined` where its time was up first. */
export interface LateResult {
  readonly operation: LateOperation;
  readonly answer: ExecutionResult | undefined;
}

/** Puts late sections into the data of the rest, in place. Those that failed, or took too long, are told. */
export function mergeLate(endpoint: Endpoint, data: unknown, late: readonly LateResult[]): PartialFailure[] {
  return late.flatMap((one) => mergeOne(endpoint.sections, data, one));
}

function mergeOne(root: Section, data: unknown, { operation, answer }: LateResult): PartialFailure[] {
  const parent = parentIn(data, operation.path);
  // The object that it would be part of is not there: there is nothing to miss.
  if (parent === undefined) return [];
  const key = operation.path.at(-1) as string;
  const fallback = sectionAt(root, operation.path)?.optional?.fallback ?? null;
  const fail = (code: string, message: string): PartialFailure[] => {
    parent[key] = fallback;
    return visiblePaths(root, operation.path).map((path) => ({ path, code, message }));
  };
  if (answer === undefined) return fail('SECTION_TIMEOUT', tooSlow(operation));
  const own: unknown = answer.dataText === undefined ? null : parseJson(answer.dataText);
  const { partial, failures } = settleErrors(root, own, answer.errors);
  const [failed] = failures;
  if (failed !== undefined) return fail(errorCode(failed), failed.message);
  const source = parentIn(own, operation.path);
  if (source !== undefined) {
    // Absent where @skip or @include left it out.
    if (Object.hasOwn(source, key)) parent[key] = source[key];
    return partial;
  }
  const [first] = answer.errors as readonly (GraphQLFormattedError | undefined)[];
  return fail(first ? errorCode(first) : 'INTERNAL_SERVER_ERROR', first?.message ?? 'The section could not be read.');
}

function tooSlow({ timeoutMs }: Pick<LateOperation, 'timeoutMs'>): string {
  return `The section was not ready within ${timeoutMs} milliseconds.`;
}

function parentIn(data: unknown, path: readonly string[]): Json | undefined {
  let value = data;
  for (const step of path.slice(0, -1)) value = (value as Json | null)?.[step];
  return typeof value === 'object' && value !== null ? (value as Json) : undefined;
}
