import type { Identity } from '../../client/identity.ts';
import { isNumber, numberText } from '../../shared/exact-json.ts';

type Claims = Readonly<Record<string, unknown>>;

/**
 * Whom verified claims are about. `sub` should be a string (RFC 7519, section 4.1.2); that of issuers that write a number is its
 * digits, while the claim itself stays a number.
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

/** `scope` as in RFC 8693, section 4.2, or `scp`, as some providers call it; as text or as a list. */
function scopesOf(claims: Claims): string[] {
  const granted = claims.scope ?? claims.scp;
  const all = typeof granted === 'string' ? granted.split(' ') : Array.isArray(granted) ? granted : [];
  return [...new Set(all.filter((scope): scope is string => typeof scope === 'string' && scope !== ''))];
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined;
}
