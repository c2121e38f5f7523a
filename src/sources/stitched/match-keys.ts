import { isNumber, numberText } from '../../shared/exact-json.ts';

/** The response key of an object's own key in the response of a look-up. */
export const KEY_ALIAS = '_key';

/**
 * Puts the results of a look-up by many keys into the order of the keys. Services should respond in that order, with null
 * for unknown keys; but many omit these, or sort. If the results have their key, they are matched by it.
 *
 * @param results the service's response; an `Error` for an entity that failed
 * @param keys objects that have the key in `matchBy`
 */
export function matchKeys(
  results: unknown,
  keys: readonly unknown[],
  field: string,
  matchBy: string | undefined,
): unknown[] {
  if (results === null || results === undefined || results instanceof Error) return keys.map(() => results ?? null);
  if (!Array.isArray(results)) return failed(keys, `"${field}" returned one object; expected a list.`);
  const inOrder =
    results.length === keys.length && results.every((result, index) => hasKey(result, keys[index], matchBy));
  if (inOrder) return results;
  if (matchBy === undefined) {
    const counts = `${results.length} objects for ${keys.length} keys`;
    return failed(keys, `"${field}" returned ${counts}, which cannot be matched to the keys.`);
  }
  const byKey = new Map<string, unknown>();
  let other: Error | null = null;
  for (const result of results) {
    if (!isObject(result)) continue;
    const own = result[KEY_ALIAS];
    if (own !== undefined) byKey.set(keyText(own), result);
    else other ??= new Error(`"${field}" returned objects without "${matchBy}", which cannot be matched to the keys.`);
  }
  return keys.map((key) => byKey.get(keyText((key as Record<string, unknown>)[matchBy])) ?? other);
}

/** Returns a key as text. An ID is the same whether a service writes it as a number or as a string. */
function keyText(key: unknown): string {
  return isNumber(key) ? numberText(key) : String(key);
}

/** Returns the same error for all keys, so that it is reported once. */
function failed(keys: readonly unknown[], message: string): Error[] {
  const error = new Error(message);
  return keys.map(() => error);
}

function hasKey(result: unknown, key: unknown, matchBy: string | undefined): boolean {
  if (matchBy === undefined || !isObject(result)) return true;
  const own = result[KEY_ALIAS];
  return own === undefined || own === null || keyText(own) === keyText((key as Record<string, unknown>)[matchBy]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}
