import type { SubgraphResponse } from '../sources/source.ts';
import { jsonOf } from './compose-response.ts';
import { membersOf, type Span, textAt } from './response-text.ts';

/** Whether the root field under a response key was refused, so that it has changed nothing. */
export type IsRefused = (key: string) => boolean;

/**
 * Finds which fields of a mutation were refused: those that have an error at their own path, and all without a value where the request
 * was refused as a whole. Below a field with an error further down, the mutation has run. Where there is no response, it may have run.
 */
export function refusedFields(response: SubgraphResponse): IsRefused {
  if (response.kind === 'failure') {
    const { isUnsent, status } = response.failure;
    const isRefused = isUnsent === true || (status !== undefined && status >= 400 && status < 500);
    return () => isRefused;
  }
  const { errors, hasValue } = response.kind === 'parsed' ? readParsed(response.result) : readText(response.text);
  if (errors.length === 0) return () => false;
  const paths = errors.map((error) => (isObject(error) && Array.isArray(error.path) ? error.path : []));
  return (key) => paths.some((path) => (path.length === 0 ? !hasValue(key) : path.length === 1 && path[0] === key));
}

interface ReadResponse {
  readonly errors: readonly unknown[];
  /** Whether a root field has a value that is not null. */
  readonly hasValue: (key: string) => boolean;
}

function readParsed(result: unknown): ReadResponse {
  const { errors, data } = isObject(result) ? result : {};
  return {
    errors: Array.isArray(errors) ? errors : [],
    hasValue: (key) => isObject(data) && Object.hasOwn(data, key) && data[key] !== null,
  };
}

function readText(text: string): ReadResponse {
  const members = text.includes('"errors"') ? membersOf(text) : undefined;
  const errors = members?.get('errors');
  const data = members?.get('data');
  const list = errors && jsonOf(textAt(text, errors));
  let fields: Map<string, Span> | undefined;
  return {
    errors: Array.isArray(list) ? list : [],
    hasValue(key) {
      fields ??= (data && membersOf(text, data.from)) ?? new Map();
      const value = fields.get(key);
      return value !== undefined && textAt(text, value) !== 'null';
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
