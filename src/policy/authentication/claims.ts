import type { Identity } from '../../client/identity.ts';
import { ExactNumber, isNumber, numberText, parseJson } from '../../shared/exact-json.ts';

type Claims = Readonly<Record<string, unknown>>;

/**
 * Returns the identity that verified claims describe. `sub` should be a string (RFC 7519, section 4.1.2). A numeric `sub`
 * becomes the text of its digits in `subject`; the claim itself stays a number.
 */
export function identityOfClaims(kind: 'jwt' | 'opaque', claims: Claims): Identity {
  return {
    kind,
    subject: isNumber(claims.sub) ? numberText(claims.sub) : textOf(claims.sub),
    scopes: scopesOf(claims),
    claims,
    clientId: textOf(claims.client_id) ?? textOf(claims.azp),
  };
}

/**
 * Returns the claims of a verified token (a JWT in compact form). Numbers keep all their digits, which `JSON.parse` would
 * round.
 */
export function claimsOfToken(token: string): Claims {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url');
  return readClaims(new TextDecoder().decode(payload));
}

/**
 * Parses the members of a JSON object. Numbers keep all their digits, since `9007199254740993` and `9007199254740992` are
 * two users, or two tenants. Times become plain numbers. Throws `SyntaxError`.
 */
export function readClaims(text: string): Claims {
  return withPlainTimes(parseJson(text));
}

/** Returns the members of an object with times as plain numbers; an empty object for any other value. */
export function withPlainTimes(value: unknown): Claims {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return {};
  const claims: Record<string, unknown> = { ...value };
  for (const name of TIMES) if (claims[name] instanceof ExactNumber) claims[name] = Number(claims[name]);
  return claims;
}

const TIMES = ['exp', 'nbf', 'iat', 'auth_time'];

/** Reads `scope` (RFC 8693, section 4.2), or `scp` as some providers name it; a string or a list. */
function scopesOf(claims: Claims): string[] {
  const granted = claims.scope ?? claims.scp;
  const all = typeof granted === 'string' ? granted.split(' ') : Array.isArray(granted) ? granted : [];
  return [...new Set(all.filter((scope): scope is string => typeof scope === 'string' && SCOPE.test(scope)))];
}

/** A scope with a space in it would be read as two (RFC 6749, section 3.3). */
const SCOPE = /^[^\s\p{Cc}]+$/u;

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined;
}
