import { randomUUID } from 'node:crypto';
import { ExactNumber, numberOf } from '../../shared/exact-json.ts';

/** No client and no service can know it, so no string of theirs begins with it. */
const MARK = `literal ${randomUUID()} `;

/** A string, a name or a number of a GraphQL literal. A string that does not end goes to the end. */
const TOKEN = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[A-Za-z_]\w*|-?\d[\d.eE+-]*/gs;

/**
 * Writes numbers whose digits stitching would lose, which reads literals as JavaScript numbers, as marked strings.
 *
 * In:  `ids: [[$key.id]], after: 9007199254740993`
 * Out: `ids: [[$key.id]], after: "literal … 9007199254740993"`
 */
export function markLiterals(argsExpr: string): string {
  return argsExpr.replaceAll(TOKEN, (token) =>
    /^-?\d/.test(token) && numberOf(token) instanceof ExactNumber ? `"${MARK}${token}"` : token,
  );
}

/** Returns a value with the numbers of the marked strings in it. */
export function unmarkLiterals(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? numberOf(value.slice(MARK.length)) : value;
  if (Array.isArray(value)) return value.map(unmarkLiterals);
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unmarkLiterals(inner)]));
}
