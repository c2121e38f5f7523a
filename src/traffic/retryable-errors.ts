import type { SubgraphResponse } from '../sources/source.ts';

/** In UTF-16 code units. Parsing a longer response would delay other requests. */
const LONGEST_SEARCHED = 262_144;

/**
 * Returns a function that finds responses with a GraphQL error whose `extensions.code` is one of these; `undefined` where there
 * are none. A response without such a text is not parsed, which is almost every one.
 */
export function errorCodeFinder(
  codes: readonly string[] | undefined,
): ((response: SubgraphResponse) => boolean) | undefined {
  if (codes === undefined || codes.length === 0) return undefined;
  const wanted = new Set<unknown>(codes);
  const quoted = codes.map((code) => JSON.stringify(code));
  return (response) => {
    if (response.kind === 'failure') return false;
    if (response.kind === 'parsed') return hasCode(response.result, wanted);
    const { text } = response;
    if (text.length > LONGEST_SEARCHED || !quoted.some((code) => text.includes(code))) return false;
    try {
      return hasCode(JSON.parse(text), wanted);
    } catch {
      return false;
    }
  };
}

function hasCode(result: unknown, wanted: ReadonlySet<unknown>): boolean {
  const errors = (result as { readonly errors?: unknown } | null)?.errors;
  return Array.isArray(errors) && errors.some((error) => wanted.has(error?.extensions?.code));
}
