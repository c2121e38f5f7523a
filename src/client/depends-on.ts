import type { IncomingHttpHeaders } from 'node:http';
import type { ClientInfo } from './identity.ts';
import { UNCOUNTED_HEADERS } from './sharing.ts';

/** What some part of the gateway reads of a request, beside the operation and its variables. */
export interface Reads {
  /** Names of client headers, in lower case. `cookie` stands for all cookies. */
  readonly headers: ReadonlySet<string>;
  /** Tests for headers that are read without being listed, such as those that a rule finds by a pattern. */
  readonly patterns: readonly HeaderTest[];
  /** Whether the client's address is read. */
  readonly address: boolean;
  /** Whether the verified identity is read: claims, subject, scopes, or the record of an API key. */
  readonly identity: boolean;
  /** Whether a policy treats clients differently, so that a response is never for all clients. */
  readonly isGuarded: boolean;
  /** Whether code takes part that does not declare what it reads. Its responses are never shared. */
  readonly isUndeclared: boolean;
  /** Rate limits of subgraphs, which may refuse a fetch of one client and not of another. No response with data depends on them. */
  readonly meters: readonly MeterKey[];
}

/** Returns the text that is equal for two clients whose fetches a rate limit counts together. */
export type MeterKey = (client: Partial<ClientInfo> & Pick<Requester, 'headers'>) => string;

/** Whether a header is read, by its name in lower case. */
export type HeaderTest = (name: string) => boolean;

/**
 * What a response depends on beside the operation, its variables and the schema. One record for each operation: whatever reads a
 * header, a claim, a cookie, an address or a label adds to it. The keys of shared requests, of cached responses and of idempotent
 * requests, and `Vary` and `Cache-Control` of responses, are computed from this record and from nothing else.
 */
export interface DependsOn extends Reads {
  /** How clients can authenticate. */
  readonly credentials: Credentials;
}

/** How clients can authenticate. */
export interface Credentials {
  /** Names of headers that may have credentials, in lower case. */
  readonly headers: ReadonlySet<string>;
  /** The header of tokens, if it is the only place for them: a client with a token has sent it there. */
  readonly tokenHeader?: string | undefined;
  readonly apiKeyHeader?: string | undefined;
  /** Whether clients authenticate with certificates, which no request header contains. */
  readonly certificates?: boolean;
  /** Whether every request needs a credential. */
  readonly required?: boolean;
}

/** The client of a request, and its headers (names in lower case). */
export interface Requester {
  readonly clientInfo: ClientInfo | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Headers that may identify a client, whatever is configured. */
export const COMMON_CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/** The record of a response that depends on nothing but the operation. */
export const NOTHING: DependsOn = {
  headers: new Set(),
  patterns: [],
  address: false,
  identity: false,
  isGuarded: false,
  isUndeclared: false,
  meters: [],
  credentials: { headers: COMMON_CREDENTIALS },
};

/** Returns what is read, with nothing where a member is missing. */
export function reads(given: Partial<Omit<Reads, 'headers'>> & { readonly headers?: Iterable<string> }): Reads {
  const { credentials: _, ...nothing } = NOTHING;
  return { ...nothing, ...given, headers: new Set(given.headers ?? []) };
}

/** What is read where it is unknown: any header that says something about the client, the identity and the address. */
export const ANYTHING: Reads = reads({
  patterns: [(name) => !UNCOUNTED_HEADERS.has(name)],
  address: true,
  identity: true,
});

/** What is read by code that does not declare it. */
export const UNDECLARED: Reads = { ...ANYTHING, isUndeclared: true };

const UNIONS = new WeakMap<DependsOn, WeakMap<Reads, DependsOn>>();

/**
 * Adds what something else reads to a record. Returns the record itself where nothing is added, and the same object for the same
 * arguments, so that adding costs two look-ups.
 */
export function withReads(dependsOn: DependsOn, more: Reads): DependsOn {
  if (more === NOTHING || more === dependsOn) return dependsOn;
  let unions = UNIONS.get(dependsOn);
  if (unions === undefined) {
    unions = new WeakMap();
    UNIONS.set(dependsOn, unions);
  }
  let union = unions.get(more);
  if (union === undefined) {
    union = { ...uniteReads([dependsOn, more]), credentials: dependsOn.credentials };
    unions.set(more, union);
  }
  return union;
}

/** Unites what several parts read. */
export function uniteReads(parts: readonly Reads[]): Reads {
  return {
    headers: new Set(parts.flatMap(({ headers }) => [...headers])),
    patterns: [...new Set(parts.flatMap(({ patterns }) => patterns))],
    address: parts.some(({ address }) => address),
    identity: parts.some(({ identity }) => identity),
    isGuarded: parts.some(({ isGuarded }) => isGuarded),
    isUndeclared: parts.some(({ isUndeclared }) => isUndeclared),
    meters: [...new Set(parts.flatMap(({ meters }) => meters))],
  };
}

/** Returns the record without headers that never reach what reads them. */
export function withoutHeaders(dependsOn: DependsOn, names: ReadonlySet<string>): DependsOn {
  if (names.size === 0) return dependsOn;
  return {
    ...dependsOn,
    headers: new Set([...dependsOn.headers].filter((name) => !names.has(name))),
    patterns: dependsOn.patterns.map((matches) => (name) => !names.has(name) && matches(name)),
  };
}

/** Returns the names of all headers that are read; `undefined` if they cannot be listed. */
export function listedHeaders({ headers, patterns, isUndeclared }: Reads): readonly string[] | undefined {
  return patterns.length > 0 || isUndeclared ? undefined : [...headers];
}

/** Whether a request identifies its client, by a verified credential or by one that is only passed on. */
export function identifiesClient({ clientInfo, headers }: Requester, { credentials }: DependsOn): boolean {
  if (clientInfo?.identity !== undefined) return true;
  for (const name of credentials.headers) if (headers[name] !== undefined) return true;
  return false;
}
