import { randomUUID } from 'node:crypto';
import { ExactNumber, numberOf } from '../../shared/exact-json.ts';

/** A random prefix: no string of a client or a service begins with it. */
const MARK = `literal ${randomUUID()} `;

/** Matches a string, a name or a number of a GraphQL literal. An unterminated string extends to the end. */
const TOKEN = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[A-Za-z_]\w*|-?\d[\d.eE+-]*/gs;

/**
 * Replaces numbers that do not fit a JavaScript number by marked strings, because stitching would lose their digits.
 *
 * In:  `ids: [[$key.id]], after: 9007199254740993`
 * Out: `ids: [[$key.id]], after: "literal … 9007199254740993"`
 */
export function markLiterals(argsExpr: string): string {
  return argsExpr.replaceAll(TOKEN, (token) =>
    /^-?\d/.test(token) && numberOf(token) instanceof ExactNumber ? `"${MARK}${token}"` : token,
  );
}

/** Returns a value with its marked strings replaced by the numbers that they stand for. */
export function unmarkLiterals(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? numberOf(value.slice(MARK.length)) : value;
  if (Array.isArray(value)) return value.map(unmarkLiterals);
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unmarkLiterals(inner)]));
}
