import { parseExactJson } from '../../client/exact-json.ts';
import type { Identity } from '../../client/identity.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Whom verified claims are about. */
export function identityOfClaims(kind: 'jwt' | 'opaque', claims: Claims): Identity {
  return {
    kind,
    subject: textOf(claims.sub),
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
  return parseExactJson(new TextDecoder().decode(payload)) as Claims;
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
