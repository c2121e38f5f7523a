import type { IncomingHttpHeaders } from 'node:http';
import type { ClientInfo, Identity } from './identity.ts';
import { principalKey } from './principal.ts';
import { CORRELATION_HEADERS, headersKey } from './sharing.ts';

/**
 * What answers of this gateway may depend on beside what is asked for. The keys of shared requests, of kept answers and of
 * idempotent requests, and the `Vary` and `Cache-Control` of answers, are made of it and of nothing else.
 */
export interface DependsOn {
  /** Tells whether some source gets this header of the client's. */
  forwards(name: string): boolean;
  /** Whether some source is sent the client's address. */
  readonly forwardsAddress: boolean;
  /** Whether a module decides by the client's address, and by any header, what a client may read. */
  readonly decidesByAddress?: boolean;
  /** Returns the headers in which requests with the same answer need not agree; by default those that nobody reads. */
  neutral?(): ReadonlySet<string>;
  /**
   * Returns the names of all headers that are read on the way to an answer, in lower case; `undefined` where these are not
   * known, as with a rule that forwards headers by a pattern.
   */
  readNames?(): readonly string[] | undefined;
  readonly credentials?: Credentials;
}

/** How clients may say who they are. */
export interface Credentials {
  /** Names of headers that credentials come in, in lower case. */
  readonly headers: ReadonlySet<string>;
  /** The header that tokens come in, if it is the only place for them: whoever is known by a token has sent it there. */
  readonly tokenHeader?: string | undefined;
  readonly apiKeyHeader?: string | undefined;
  /** Whether clients are known by certificates, which no header of theirs names. */
  readonly certificates?: boolean;
  /** Whether nobody is answered without a credential. */
  readonly required?: boolean;
}

/** Who asks, and with which headers (names in lower case). */
export interface Requester {
  readonly facts: ClientInfo | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Headers by which clients say who they are, whatever is configured. */
export const COMMON_CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

const ONLY_COMMON: Credentials = { headers: COMMON_CREDENTIALS };

/** Returns how clients may say who they are, for a gateway that nothing is configured for, too. */
export function credentialsOf(dependsOn: DependsOn | undefined): Credentials {
  return dependsOn?.credentials ?? ONLY_COMMON;
}

/** Tells whether a request says who asks, by a verified credential or by one that is only passed on. */
export function saysWho({ facts, headers }: Requester, dependsOn: DependsOn | undefined): boolean {
  if (facts?.identity !== undefined) return true;
  for (const name of credentialsOf(dependsOn).headers) if (headers[name] !== undefined) return true;
  return false;
}

/**
 * Returns a text that is equal for two requests under way that may share one execution. All headers count but neutral ones,
 * so that the credentials in them do; beside them what stands in no header: addresses and certificates.
 */
export function inFlightKey(
  { facts, headers }: Requester,
  dependsOn: DependsOn | undefined,
  neutral: ReadonlySet<string> | undefined = dependsOn?.neutral?.(),
): string {
  const identity = facts?.identity;
  // a session and a token that it goes by say it in the same header, but may say different things of one user
  let key = `${identity?.kind ?? ''}\n`;
  if (identity?.kind === 'certificate') key += `${principalKey(identity)}\n`;
  if (dependsOn?.forwardsAddress) key += `${facts?.ip ?? ''}\n`;
  return key + headersKey(headers, neutral);
}

/** Returns a text that tells viewers apart whose answers are kept for each of them: by all that could make them differ. */
export function viewerKey(requester: Requester, dependsOn: DependsOn | undefined): string {
  const { facts } = requester;
  const who = facts?.identity === undefined ? '' : principalKey(facts.identity);
  const address = dependsOn?.decidesByAddress ? facts?.ip : '';
  return `${who}\n${address ?? ''}\n${inFlightKey(requester, dependsOn)}`;
}

/**
 * Returns a text that is equal for two requests that may have the same answer, where that does not depend on who asks.
 * @param vary headers that count beside those that are read on the way to the answer
 */
export function sharedKey(
  { facts, headers }: Requester,
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
 * Returns a text that is equal for a request and its repetition by the same principal, and for no two principals. Verified
 * credentials count by what they say, so that a client may renew its token before it tries again; credentials that are only
 * passed on, and other headers that are read, count as they are.
 * @param isJudged whether a policy module decides, which may read any header
 */
export function callerKey({ facts, headers }: Requester, dependsOn: DependsOn | undefined, isDecided = false): string {
  const identity = facts?.identity;
  const credentials = credentialsOf(dependsOn);
  const neutral = isDecided ? dependsOn?.neutral?.() : undefined;
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

/** Headers of one try to send a request. Where one of them is passed on by its name, it is meant to count. */
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
      // the gateway itself has put the session's access token there
      return name === 'authorization';
    default:
      return false;
  }
}

/** Header values hold no line breaks, so that no two sets of lines make the same text. An absent header is not an empty one. */
function headerLine(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return value === undefined ? `${name}\n` : `${name}:${value}\n`;
}

/** RFC 9110, section 7.6.1: headers that a client names there are not passed on. */
function namedByConnection({ connection }: IncomingHttpHeaders): string {
  return connection === undefined || connection === 'keep-alive' || connection === 'close'
    ? ''
    : `connection:${connection}\n`;
}
