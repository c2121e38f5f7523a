import type { IncomingHttpHeaders } from 'node:http';
import { COMMON_CREDENTIALS, type Credentials, type DependsOn, type Reads, type Requester } from './depends-on.ts';
import type { Identity } from './identity.ts';
import { principalKey } from './principal.ts';
import { CORRELATION_HEADERS } from './sharing.ts';

/**
 * Keys computed from what a response depends on. Two requests with the same key may get the same response. A key has a line for each
 * header that is read; values have no line breaks, so different headers never give the same text.
 */

/**
 * Returns a key that is equal for two concurrent requests that may share one execution.
 * @returns `undefined` where no request may share its execution
 */
export function inFlightKey(requester: Requester, dependsOn: DependsOn): string | undefined {
  if (dependsOn.isUndeclared) return undefined;
  const key = headerLines(requester.headers, dependsOn) + meterLines(requester, dependsOn);
  if (!dependsOn.identity && !dependsOn.address) return key;
  const address = dependsOn.address ? `${requester.clientInfo?.ip ?? ''}\n` : '';
  return key + address + (dependsOn.identity ? identityLines(requester, dependsOn) : '');
}

/**
 * Returns a key that is equal for two clients whose fetches rate limits of subgraphs count together; empty where there are none. For
 * executions in flight, which may end with the error of such a limit.
 */
export function meterLines({ clientInfo, headers }: Requester, { meters }: Reads): string {
  return meters.length === 0 ? '' : `${JSON.stringify(meters.map((key) => key({ ...clientInfo, headers })))}\n`;
}

/** Returns a key per user for responses that are cached per user. It has everything that could make them differ. */
export function viewerKey(requester: Requester, dependsOn: DependsOn): string {
  const address = dependsOn.address ? (requester.clientInfo?.ip ?? '') : '';
  return `${identityLines(requester, dependsOn)}${address}\n${headerLines(requester.headers, dependsOn)}`;
}

/**
 * Returns a key that is equal for two requests that may have the same response, for responses that do not depend on the user. Headers
 * that identify the user in every gateway count only where the endpoint names them itself.
 */
export function sharedKey(
  { clientInfo, headers }: Requester,
  dependsOn: DependsOn,
  named: readonly string[] = [],
): string {
  let key = headerLines(headers, dependsOn, COMMON_CREDENTIALS);
  for (const name of named) if (COMMON_CREDENTIALS.has(name)) key += headerLine(headers, name);
  return dependsOn.address ? `${key}${clientInfo?.ip ?? ''}` : key;
}

/**
 * Returns a key that is equal for a request and its repetition by the same principal, and different for two principals. Verified
 * credentials count by their content, so that a client may renew its token before it retries. Credentials that are only passed on,
 * and other headers that are read, count by their value.
 */
export function callerKey({ clientInfo, headers }: Requester, dependsOn: DependsOn): string {
  const identity = clientInfo?.identity;
  const { credentials, headers: named, patterns, address } = dependsOn;
  let key = identity === undefined ? '\n' : `${principalKey(identity)}\n`;
  for (const name of Object.keys(headers).sort()) {
    const isNamed = named.has(name);
    if (isVerified(name, identity, credentials) || (OF_MESSAGE.has(name) && !isNamed)) continue;
    const isCredential = identity === undefined && credentials.headers.has(name);
    if (isCredential || isNamed || patterns.some((matches) => matches(name))) key += headerLine(headers, name);
  }
  key += namedByConnection(headers);
  return address ? `${key}${clientInfo?.ip ?? ''}` : key;
}

/** Headers of a single attempt to send a request. One that is read by name counts nevertheless. */
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

/**
 * Identifies a client by its principal, and by its credentials as they were sent: two tokens of one principal may differ in claims
 * about the token, such as `exp`.
 */
function identityLines({ clientInfo, headers }: Requester, { credentials }: DependsOn): string {
  const identity = clientInfo?.identity;
  let key = identity === undefined ? '\n' : `${principalKey(identity)}\n`;
  for (const name of credentials.headers) key += headerLine(headers, name);
  return key;
}

const NO_HEADERS: ReadonlySet<string> = new Set();

/** @param except headers that do not count */
function headerLines(headers: IncomingHttpHeaders, read: Reads, except: ReadonlySet<string> = NO_HEADERS): string {
  const { headers: named, patterns } = read;
  if (named.size === 0 && patterns.length === 0) return '';
  let key = namedByConnection(headers);
  for (const name of named) if (!except.has(name)) key += headerLine(headers, name);
  if (patterns.length === 0) return key;
  for (const name in headers) {
    if (named.has(name) || except.has(name)) continue;
    if (patterns.some((matches) => matches(name))) key += headerLine(headers, name);
  }
  return key;
}

/** Formats a header. A missing header is not an empty one. */
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
