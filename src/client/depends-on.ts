import type { IncomingHttpHeaders } from 'node:http';
import type { ClientInfo, Identity } from './identity.ts';
import { principalKey } from './principal.ts';
import { CORRELATION_HEADERS, headersKey } from './sharing.ts';

/**
 * What responses may depend on beside the operation. The keys of shared requests, of cached responses and of idempotent requests,
 * and `Vary` and `Cache-Control` of responses, are computed from this and nothing else.
 */
export interface DependsOn {
  /** Whether some source receives this client header. */
  forwards(name: string): boolean;
  /** Whether some source receives the client's address. */
  readonly forwardsAddress: boolean;
  /** Whether a module decides by the client's address, and by any header, which fields a client may read. */
  readonly decidesByAddress?: boolean;
  /** Returns the headers in which requests with the same response may differ; default: those that nothing reads. */
  ignoredHeaders?(): ReadonlySet<string>;
  /**
   * Returns the names of all headers that a response may depend on, in lower case; `undefined` if they are unknown, as with a rule
   * that forwards headers by a pattern.
   */
  readNames?(): readonly string[] | undefined;
  readonly credentials?: Credentials;
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

const ONLY_COMMON: Credentials = { headers: COMMON_CREDENTIALS };

/** Returns how clients can authenticate, also for a gateway without configuration. */
export function credentialsOf(dependsOn: DependsOn | undefined): Credentials {
  return dependsOn?.credentials ?? ONLY_COMMON;
}

/** Whether a request identifies its client, by a verified credential or by one that is only passed on. */
export function identifiesClient({ clientInfo: facts, headers }: Requester, dependsOn: DependsOn | undefined): boolean {
  if (facts?.identity !== undefined) return true;
  for (const name of credentialsOf(dependsOn).headers) if (headers[name] !== undefined) return true;
  return false;
}

/**
 * Returns a key that is equal for two concurrent requests that may share one execution. It has all headers but neutral ones, and
 * so the credentials in them; and what is not in headers: addresses and certificates.
 */
export function inFlightKey(
  { clientInfo: facts, headers }: Requester,
  dependsOn: DependsOn | undefined,
  neutral: ReadonlySet<string> | undefined = dependsOn?.ignoredHeaders?.(),
): string {
  const identity = facts?.identity;
  // a session and the token behind it use the same header, but may have different claims about one user
  let key = `${identity?.kind ?? ''}\n`;
  if (identity?.kind === 'certificate') key += `${principalKey(identity)}\n`;
  if (dependsOn?.forwardsAddress) key += `${facts?.ip ?? ''}\n`;
  return key + headersKey(headers, neutral);
}

/** Returns a key per user for responses that are cached per user. It has everything that could make them differ. */
export function viewerKey(requester: Requester, dependsOn: DependsOn | undefined): string {
  const { clientInfo: facts } = requester;
  const who = facts?.identity === undefined ? '' : principalKey(facts.identity);
  const address = dependsOn?.decidesByAddress ? facts?.ip : '';
  return `${who}\n${address ?? ''}\n${inFlightKey(requester, dependsOn)}`;
}

/**
 * Returns a key that is equal for two requests that may have the same response, for responses that do not depend on the user.
 * @param vary headers that count, beside those that all responses depend on
 */
export function sharedKey(
  { clientInfo: facts, headers }: Requester,
  dependsOn: DependsOn | undefined,
  vary: readonly string[],
): string {
  let key = '';
  for (const name of vary) key += headerLine(headers, name);
  if (dependsOn === undefined) return key;
  key += namedByConnection(headers);
  const named = dependsOn.readNames?.();
  for (const name in headers) {
    if (COMMON_CREDENTIALS.has(name) || CORRELATION_HEADERS.has(name)) continue;
    if (dependsOn.forwards(name) || named?.includes(name)) key += headerLine(headers, name);
  }
  return dependsOn.forwardsAddress ? `${key}${facts?.ip ?? ''}` : key;
}

/**
 * Returns a key that is equal for a request and its repetition by the same principal, and different for two principals. Verified
 * credentials count by their content, so that a client may renew its token before it retries. Credentials that are only passed on,
 * and other headers that are read, count by their value.
 * @param isDecided whether a policy module decides, which may read any header
 */
export function callerKey(
  { clientInfo: facts, headers }: Requester,
  dependsOn: DependsOn | undefined,
  isDecided = false,
): string {
  const identity = facts?.identity;
  const credentials = credentialsOf(dependsOn);
  const neutral = isDecided ? dependsOn?.ignoredHeaders?.() : undefined;
  const named = dependsOn?.readNames?.() ?? [];
  let key = identity === undefined ? '\n' : `${principalKey(identity)}\n`;
  for (const name of Object.keys(headers).sort()) {
    const isNamed = named.includes(name);
    if (isVerified(name, identity, credentials) || (OF_MESSAGE.has(name) && !isNamed)) continue;
    const says = identity === undefined && credentials.headers.has(name);
    const mayRead = isNamed || dependsOn?.forwards(name) === true || (isDecided && neutral?.has(name) !== true);
    if (says || mayRead) key += headerLine(headers, name);
  }
  key += namedByConnection(headers);
  return dependsOn?.forwardsAddress || isDecided ? `${key}${facts?.ip ?? ''}` : key;
}

/** Headers of a single attempt to send a request. One that is forwarded by name counts nevertheless. */
const OF_MESSAGE: ReadonlySet<string> = new Set([
  ...CORRELATION_HEADERS,
  ...['accept-encoding', 'connection', 'content-length', 'content-type', 'idempotency-key', 'transfer-encoding'],
]);

function isVerified(name: string, identity: Identity | undefined, credentials: Credentials): boolean {
  switch (identity?.kind) {
    case 'jwt':
    case 'opaque':
      return name === credentials.tokenHeader || (identity.apiKeyId !== undefined && name === credentials.apiKeyHeader);
    case 'api_key':
      return name === credentials.apiKeyHeader;
    case 'session':
      // the gateway itself has set it, to the session's access token
      return name === 'authorization';
    default:
      return false;
  }
}

/** Formats a header. Values have no line breaks, so different headers never give the same text. A missing header is not an empty one. */
function headerLine(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return value === undefined ? `${name}\n` : `${name}:${value}\n`;
}

/** Includes `connection` in the key, since headers listed there are not passed on (RFC 9110, section 7.6.1). */
function namedByConnection({ connection }: IncomingHttpHeaders): string {
  return connection === undefined || connection === 'keep-alive' || connection === 'close'
    ? ''
    : `connection:${connection}\n`;
}
