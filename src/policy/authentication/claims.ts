import type { Identity } from '../../client/identity.ts';
import { parseJson, plainValue } from '../../shared/exact-json.ts';

type Claims = Readonly<Record<string, unknown>>;

/**
 * Whom verified claims are about. `sub` should be a string (RFC 7519, section 4.1.2); that of issuers that write a number is its
 * digits, while the claim itself stays a number.
 */
export function identityOfClaims(kind: 'jwt' | 'opaque', claims: Claims): Identity {
  return {
    kind,
    subject: typeof claims.sub === 'number' ? String(claims.sub) : textOf(claims.sub),
    scopes: scopesOf(claims),
    claims,
    clientId: textOf(claims.client_id) ?? textOf(claims.azp),
  };
}

/**
 * The claims of a token that has been verified (a JWT in compact form), its numbers with all their digits: what reads tokens by
 * `JSON.parse` has rounded those that are too long.
 */
export function claimsOfToken(token: string): Claims {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url');
  return readClaims(new TextDecoder().decode(payload));
}

/**
 * Reads claims from JSON. A number that JavaScript would change is a string of its digits: `9007199254740993` and
 * `9007199254740992` are two users, and two tenants. Throws `SyntaxError`.
 */
export function readClaims(text: string): Claims {
  return plainValue(parseJson(text, false)) as Claims;
}

/** `scope` as in RFC 8693, section 4.2, or `scp`, as some providers call it; as text or as a list. */
function scopesOf(claims: Claims): string[] {
  const granted = claims.scope ?? claims.scp;
  const all = typeof granted === 'string' ? granted.split(' ') : Array.isArray(granted) ? granted : [];
  return [...new Set(all.filter((scope): scope is string => typeof scope === 'string' && SCOPE.test(scope)))];
}

/** With a blank in it, one scope would be read as two (RFC 6749, section 3.3). */
const SCOPE = /^[^\s\p{Cc}]+$/u;

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined;
}
