import { createHash } from 'node:crypto';
import type { ClientInfo, Identity } from '../../client/identity.ts';
import { ExactNumber, isNumber, numberText, plainNumber } from '../../shared/exact-json.ts';
import { addressGroup } from '../client-address.ts';

/** The client data that keys are made of. */
export interface Requester extends Partial<ClientInfo> {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The arguments of a field in one request. */
export interface Arguments {
  /** Returns the value that the field is called with, defaults included; `undefined` if there is none. */
  value(name: string): unknown;
}

/** Returns one part of a meter's key. Different values never give the same text. */
export type KeyPart = (requester: Requester, args: Arguments | undefined) => string;

const NONE = '-';

/**
 * Returns the key part for `client`, `ip`, `user`, `claim:NAME`, `header:NAME`, `arg:PATH` or `global`. Requests without a user
 * are counted by address. All requests without the claim, header or argument are counted together. A client cannot get a new
 * meter by adding another credential or another spelling. Headers are the exception: clients choose them freely.
 */
export function keyPart(by: string): KeyPart {
  const colon = by.indexOf(':');
  const name = by.slice(colon + 1);
  switch (colon < 0 ? by : by.slice(0, colon)) {
    case 'client':
      return (requester) => clientKey(requester);
    case 'ip':
      return (requester) => addressKey(requester);
    case 'user':
      return (requester) => userKey(requester);
    case 'claim':
      return (requester) => textOf(claimIn(requester.identity?.claims, name));
    case 'header': {
      const lower = name.toLowerCase();
      return (requester) => textOf(requester.headers[lower]);
    }
    case 'arg':
      return argumentPart(name.split('.'));
    default:
      return () => 'all';
  }
}

/** Returns the owner of the API key, with or without a token; else the token's subject; else the address. */
function clientKey(requester: Requester): string {
  const { identity } = requester;
  if (identity === undefined) return addressKey(requester);
  const owner = ownerOf(identity);
  if (owner !== undefined) return `k${owner}`;
  return subjectKey(identity) ?? (identity.clientId === undefined ? addressKey(requester) : `c${identity.clientId}`);
}

/** Returns the subject. For a token without a subject it is the owner of an API key beside it, else the address. */
function userKey(requester: Requester): string {
  const { identity } = requester;
  const owner = identity && ownerOf(identity);
  const subject = identity && subjectKey(identity);
  return subject ?? (owner === undefined ? addressKey(requester) : `o${owner}`);
}

function ownerOf({ kind, clientId, apiKeyOwner }: Identity): string | undefined {
  return apiKeyOwner ?? (kind === 'api_key' ? clientId : undefined);
}

/**
 * Returns the key of a subject. It includes the issuer: a subject is the same in a token and in a session, and no issuer can name
 * subjects of another. A numeric `sub` differs from the string with the same digits.
 */
function subjectKey({ kind, subject, claims }: Identity): string | undefined {
  const numeric = isNumber(claims.sub) ? numberText(claims.sub) : undefined;
  if (subject === undefined && numeric === undefined) return undefined;
  if (kind === 'certificate') return `x${subject}`;
  if (kind === 'api_key') return `o${subject}`;
  const { iss } = claims;
  if (typeof iss !== 'string') return numeric === undefined ? `u${subject}` : `n${numeric}`;
  return numeric === undefined ? `s${JSON.stringify([iss, subject])}` : `m${JSON.stringify([iss, numeric])}`;
}

function addressKey({ ip }: Requester): string {
  return ip === undefined || ip === '' ? NONE : `i${addressGroup(ip)}`;
}

/** Reads a claim by its name, or by a path of names: `tenant`, `realm_access.tenant`. */
function claimIn(claims: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  if (claims === undefined) return undefined;
  if (Object.hasOwn(claims, name)) return claims[name];
  return follow(claims, name.split('.'));
}

function follow(value: unknown, names: readonly string[]): unknown {
  let at = value;
  for (const name of names) {
    if (typeof at !== 'object' || at === null || at instanceof ExactNumber || !Object.hasOwn(at, name))
      return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function argumentPart([first = '', ...rest]: readonly string[]): KeyPart {
  return (_requester, args) => textOf(follow(args?.value(first), rest));
}

/** Returns scalars as text, so that `1`, `1.0` and `"1"` are the same ID; objects and lists as JSON with sorted keys. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return NONE;
  if (isNumber(value)) return `=${numberText(value)}`;
  return typeof value === 'object' ? `=${JSON.stringify(sorted(value))}` : `=${String(value)}`;
}

function sorted(value: unknown): unknown {
  if (value instanceof ExactNumber) return plainNumber(value);
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  // entries instead of an object, since a key may be `__proto__`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, sorted(inner)]);
}

const LONGEST_KEY = 160;

/** Joins parts so that the boundaries between them cannot be forged. Replaces long keys by a digest. */
export function joinKey(id: string, parts: readonly string[]): string {
  let key = id;
  for (const part of parts) key += `|${part.length}:${part}`;
  if (key.length <= LONGEST_KEY) return key;
  return `${id}|sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
