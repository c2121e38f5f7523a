import type { Identity } from '../../client/identity.ts';
import { parseJson } from '../../shared/exact-json.ts';

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

/** Returns verified claims with the digits of their numbers, from the JSON that they were read from. */
export function withDigits<T extends Claims>(claims: T, json: string): T {
  let exact: unknown;
  try {
    exact = parseJson(json);
  } catch {
    return claims;
  }
  if (typeof exact !== 'object' || exact === null) return claims;
  const same = Object.entries(exact).filter(([name]) => Object.hasOwn(claims, name) && !TIMES.has(name));
  return { ...claims, ...Object.fromEntries(same) };
}

/** Claims that the gateway computes with. */
const TIMES: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'auth_time']);

/** Returns the JSON of a token's claims. The token is a JWT whose signature holds. */
export function claimsText(token: string): string {
  return Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
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
