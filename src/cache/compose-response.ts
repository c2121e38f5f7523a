import { parseJson, stringifyJson } from '../shared/exact-json.ts';
import type { CacheEntry } from './entry.ts';
import type { KeyedPart } from './fetch-keys.ts';
import { itemsOf, membersOf, textAt } from './response-text.ts';

/** A response as text, divided into the values that can be cached. Nothing of it is parsed. */
export interface DividedResponse {
  /** For each part, the text of each value. */
  readonly values: readonly (readonly string[])[];
  /** JSON: the errors and the extensions, where there are any. */
  readonly errors: string | undefined;
  readonly extensions: string | undefined;
}

/**
 * Divides a response into its values.
 * @param expected the number of entities of each part
 * @returns `undefined` for a response that is no GraphQL result with data, or lacks entities
 */
export function divideResponse(
  text: string,
  parts: readonly KeyedPart[],
  expected: readonly number[],
): DividedResponse | undefined {
  const members = membersOf(text);
  const data = members?.get('data');
  if (members === undefined || data === undefined || text[data.from] !== '{') return undefined;
  const memberText = (name: string) => {
    const span = members.get(name);
    const value = span && textAt(text, span);
    return value === undefined || value === 'null' || value === '[]' ? undefined : value;
  };
  const rest = { errors: memberText('errors'), extensions: memberText('extensions') };
  if (rest.extensions !== undefined && jsonOf(rest.extensions) === undefined) return undefined;
  const [first] = parts;
  if (first?.lookup === undefined && first?.rootKey === undefined) return { values: [[textAt(text, data)]], ...rest };
  const fields = membersOf(text, data.from);
  const values: string[][] = [];
  for (const [index, { lookup, rootKey }] of parts.entries()) {
    if (expected[index] === 0) {
      values.push([]);
      continue;
    }
    if (rootKey !== undefined) {
      const value = fields?.get(rootKey);
      // the executor reports a field that is missing
      values.push(value === undefined ? [] : [textAt(text, value)]);
      continue;
    }
    const span = fields?.get(lookup?.alias ?? '');
    const items = span && itemsOf(text, span);
    if (items === undefined || items.length !== expected[index]) return undefined;
    values.push(items.map((item) => textAt(text, item)));
  }
  return { values, ...rest };
}

/** Composes the text of a response. */
export function composeResponse(
  parts: readonly KeyedPart[],
  values: readonly (readonly string[])[],
  { errors, extensions }: Partial<Pick<DividedResponse, 'errors' | 'extensions'>> = {},
): string {
  const [first] = parts;
  let data: string;
  if (first?.lookup === undefined && first?.rootKey === undefined) data = values[0]?.[0] ?? 'null';
  else {
    data = '';
    for (let i = 0; i < parts.length; i++) {
      const { lookup, rootKey } = parts[i] as KeyedPart;
      const own = values[i] ?? [];
      if (rootKey === undefined) data += `${data && ','}"${lookup?.alias ?? ''}":[${own.join()}]`;
      else if (own.length > 0) data += `${data && ','}"${rootKey}":${own[0]}`;
    }
    data = `{${data}}`;
  }
  const withErrors = errors === undefined ? '' : `,"errors":${errors}`;
  return `{"data":${data}${withErrors}${extensions === undefined ? '' : `,"extensions":${extensions}`}}`;
}

/**
 * Returns errors with paths in the whole response, in place of paths in a response with some of the entities.
 * @param kept for each part, the indices of the entities that were fetched
 */
export function movedErrors(
  errors: string | undefined,
  parts: readonly KeyedPart[],
  kept: readonly (readonly number[])[],
): string | undefined {
  if (errors === undefined) return undefined;
  const list = jsonOf(errors);
  if (!Array.isArray(list)) return errors;
  const moved = list.map((error: unknown) => {
    const path = typeof error === 'object' && error !== null ? (error as { readonly path?: unknown }).path : undefined;
    if (!Array.isArray(path) || typeof path[1] !== 'number') return error;
    const index = parts.findIndex(({ lookup }) => lookup?.alias === path[0]);
    const whole = kept[index]?.[path[1]];
    return whole === undefined ? error : { ...(error as object), path: [path[0], whole, ...path.slice(2)] };
  });
  return stringifyJson(moved);
}

/** Returns a value; `undefined` for what is not JSON: the executor reports that. */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** What a composed response says of the entries in it. */
export interface ComposedFacts {
  readonly mayHaveLongNumbers: boolean;
  readonly isPrivate: boolean;
  /** When the first of them stops to be fresh. */
  readonly freshUntil: number;
  /** When the oldest was stored. */
  readonly storedAt: number;
}

/** Combines what is known of entries. */
export function factsOf(entries: Iterable<CacheEntry>): ComposedFacts {
  let mayHaveLongNumbers = false;
  let isPrivate = false;
  let freshUntil = Number.POSITIVE_INFINITY;
  let storedAt = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    mayHaveLongNumbers ||= entry.mayHaveLongNumbers;
    isPrivate ||= entry.isPrivate;
    freshUntil = Math.min(freshUntil, entry.freshUntil);
    storedAt = Math.min(storedAt, entry.storedAt);
  }
  return { mayHaveLongNumbers, isPrivate, freshUntil, storedAt };
}
