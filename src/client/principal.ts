import type { ClientInfo, Identity } from './identity.ts';

/**
 * Claims that describe a token and not its subject: they change with each token of the same subject (RFC 7519 section 4.1, OpenID
 * Connect Core sections 2 and 3.3.2.11; `aio`, `rh` and `uti` are those of Microsoft Entra ID).
 */
const CLAIMS_OF_TOKEN: ReadonlySet<string> = new Set([
  ...['exp', 'nbf', 'iat', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 's_hash', 'sid', 'session_state'],
  ...['aio', 'rh', 'uti'],
]);

const KEYS = new WeakMap<Identity, string>();

/**
 * Returns a key that is equal for two identities only if they are the same principal with the same rights: the same kind of
 * credential, issuer, subject (`1` is not `"1"`), scopes, API key or certificate, and equal claims. A renewed token of the same
 * subject has the same key. Without a subject, all claims of the token count.
 */
export function principalKey(identity: Identity): string {
  let key = KEYS.get(identity);
  if (key === undefined) {
    key = keyOf(identity);
    KEYS.set(identity, key);
  }
  return key;
}

/** Returns a key that is equal for requests of one principal; for anonymous clients, for requests from one address. */
export function clientKey({ identity, ip }: ClientInfo): string {
  return identity === undefined ? ip : principalKey(identity);
}

/** Returns whether two credentials are of one principal with the same rights. */
export function isSamePrincipal(a: Identity | undefined, b: Identity | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return principalKey(a) === principalKey(b);
}

/**
 * Returns whether two credentials are of one user: kind, issuer, subject, client and API key are equal. Scopes and other claims may
 * differ. Credentials without a subject have to be equal in everything; so have anonymous clients, which have none.
 */
export function isSameUser(a: Identity | undefined, b: Identity | undefined): boolean {
  if (a?.subject === undefined || b?.subject === undefined) return isSamePrincipal(a, b);
  const parts = ({ kind, subject, clientId, apiKeyId, claims }: Identity) =>
    JSON.stringify([kind, claims.iss ?? null, claims.sub ?? null, subject, clientId ?? null, apiKeyId ?? null]);
  return parts(a) === parts(b);
}

function keyOf({ kind, subject, clientId, apiKeyId, plan, scopes, claims }: Identity): string {
  const hasSubject = subject !== undefined;
  const counted = Object.entries(claims).filter(([name]) => !hasSubject || !CLAIMS_OF_TOKEN.has(name));
  const parts = [kind, subject ?? null, clientId ?? null, apiKeyId ?? null, plan ?? null, [...scopes].sort()];
  return JSON.stringify([...parts, sortedEntries(counted)]);
}

/** Converts objects to sorted lists of entries, since issuers may write members in any order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(sorted)];
  if (typeof value !== 'object' || value === null) return value;
  return ['object', ...sortedEntries(Object.entries(value))];
}

function sortedEntries(entries: readonly (readonly [string, unknown])[]): unknown[] {
  return entries
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, sorted(value)]);
}
