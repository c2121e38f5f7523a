import { ExactNumber, parseJson } from '../../shared/exact-json.ts';

type Claims = Record<string, unknown>;

/**
 * Returns the claims of a token whose signature has been verified, with the digits of their numbers: `9007199254740993` and
 * `9007199254740992` are two users, and two tenants.
 */
export function exactClaims(token: string): Claims {
  const [, payload = ''] = token.split('.');
  return claimsIn(Buffer.from(payload, 'base64url').toString('utf8'));
}

/** Returns the members of a JSON object; none for any other text. */
export function claimsIn(text: string): Claims {
  return withPlainTimes(parseJson(text));
}

/** Returns the members of an object, with times as plain numbers, which the gateway computes with. */
export function withPlainTimes(value: unknown): Claims {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return {};
  const claims = { ...value } as Claims;
  for (const name of TIMES) if (claims[name] instanceof ExactNumber) claims[name] = Number(claims[name]);
  return claims;
}

const TIMES = ['exp', 'nbf', 'iat', 'auth_time'];
