import { parseJson, plainValue } from '../../shared/exact-json.ts';

/**
 * Returns the claims of a token whose signature has been verified. A number that JavaScript would change is a string of its digits:
 * `9007199254740993` and `9007199254740992` are two users, and two tenants.
 */
export function exactClaims(token: string): Record<string, unknown> {
  const [, payload = ''] = token.split('.');
  return claimsIn(Buffer.from(payload, 'base64url').toString('utf8'));
}

/** Returns the members of a JSON object; none for any other text. */
export function claimsIn(text: string): Record<string, unknown> {
  const claims = plainValue(parseJson(text, false));
  return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
}
