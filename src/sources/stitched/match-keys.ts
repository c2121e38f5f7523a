/** The response key under which a look-up's answer bears its own key, beside what was asked. */
export const KEY_ALIAS = '_key';

/**
 * Puts the answers of a look-up by many keys into the order of the keys. Services should answer in that order, with null
 * for what they do not have; many leave those out, or sort. Where the answers bear their key, that is made good.
 *
 * @param results what the service answered; an `Error` for an entity that failed
 * @param keys objects that have the key in `matchBy`
 */
export function matchKeys(
  results: unknown,
  keys: readonly unknown[],
  field: string,
  matchBy: string | undefined,
): unknown[] {
  if (results === null || results === undefined || results instanceof Error) return keys.map(() => results ?? null);
  if (!Array.isArray(results)) return failed(keys, `"${field}" answered one object where a list was promised.`);
  const inOrder =
    results.length === keys.length && results.every((result, index) => isFor(result, keys[index], matchBy));
  if (inOrder) return results;
  if (matchBy === undefined) {
    const counts = `${results.length} objects for ${keys.length} keys`;
    return failed(keys, `"${field}" answered ${counts}, so that it is not known which is which.`);
  }
  const byKey = new Map<string, unknown>();
  let other: Error | null = null;
  for (const result of results) {
    if (!isObject(result)) continue;
    const own = result[KEY_ALIAS];
    if (own !== undefined) byKey.set(String(own), result);
    else
      other ??= new Error(`"${field}" answered objects without "${matchBy}", so that it is not known which is which.`);
  }
  return keys.map((key) => byKey.get(String((key as Record<string, unknown>)[matchBy])) ?? other);
}

/** The same error for all, so that it is told once. */
function failed(keys: readonly unknown[], message: string): Error[] {
  const error = new Error(message);
  return keys.map(() => error);
}

function isFor(result: unknown, key: unknown, matchBy: string | undefined): boolean {
  if (matchBy === undefined || !isObject(result)) return true;
  const own = result[KEY_ALIAS];
  return own === undefined || own === null || String(own) === String((key as Record<string, unknown>)[matchBy]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}
