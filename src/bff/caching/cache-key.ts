import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ClientFacts, Identity } from '../../client/identity.ts';
import { headersKey } from '../../client/sharing.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { CachePolicy } from './policy.ts';

export interface Viewer {
  readonly facts: ClientFacts | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** What sources are told of a request, so that their answers may depend on it. */
export interface Forwarding {
  /** Whether some source gets this header of the client's. */
  forwards(name: string): boolean;
  /** Whether some source is told the client's address. */
  readonly tellsAddress: boolean;
  /** Whether what a viewer may read is decided by its address, too. */
  readonly judgesAddress?: boolean;
  /** Headers in which requests with the same answer need not agree; by default those that say nothing of who asks. */
  neutral?(): ReadonlySet<string>;
}

/** Whether the request says who is asking. What is not known to be the same for everybody is then kept for this viewer alone. */
function hasCredentials({ facts, headers }: Viewer): boolean {
  return facts?.identity !== undefined || headers.authorization !== undefined || headers.cookie !== undefined;
}

/** Whether others may be shown what this viewer gets. */
export function isShared(policy: CachePolicy, viewer: Viewer): boolean {
  return policy.scope === 'public' || (policy.scope === 'unsaid' && !hasCredentials(viewer));
}

/**
 * Equal for two requests that may have the same answer.
 * @param endpoint names the endpoint, its document and the schema
 * @param beside what `dependence` says of the request
 */
export function cacheKey(endpoint: string, variables: Readonly<Record<string, unknown>>, beside: string): string {
  return hash('sha256', `${endpoint}\n${stringifyJson(variables)}\n${beside}`, 'base64url');
}

/**
 * What an answer depends on beside its parameters. Where it is not shared that is everything that could tell viewers apart:
 * who they are, and all their headers but those that say nothing of it.
 */
export function dependence(policy: CachePolicy, viewer: Viewer, forwarding: Forwarding | undefined): string {
  const { headers, facts } = viewer;
  // of a viewer's own headers not all count by themselves: `User-Agent` does where it is named, or told to sources
  let told = '';
  if (!isShared(policy, viewer)) {
    const ip = forwarding?.judgesAddress ? facts?.ip : '';
    told = `\n${ip}\n${factsKey(facts)}\n${headersKey(headers, forwarding?.neutral?.())}\n`;
  }
  for (const name of policy.vary) told += `${name}:${headers[name] ?? ''}\n`;
  if (forwarding) {
    for (const name in headers)
      if (!UNTOLD.has(name) && forwarding.forwards(name)) told += `${name}:${headers[name]}\n`;
    if (forwarding.tellsAddress) told += facts?.ip;
  }
  return told;
}

/**
 * What is shared with everybody does not depend on who asks, whether or not sources are told. The others only say which
 * requests belong together.
 */
const UNTOLD: ReadonlySet<string> = new Set(['authorization', 'cookie', 'x-request-id', 'traceparent', 'tracestate']);

/** Tells viewers apart, also by what does not stand in headers: client certificates. */
export function factsKey(facts: ClientFacts | undefined): string {
  if (facts === undefined) return '';
  return `${facts.differsBy ?? ''}\n${identityKey(facts.identity)}`;
}

export function identityKey(identity: Identity | undefined): string {
  if (identity === undefined) return '';
  const { kind, subject, clientId, plan, scopes } = identity;
  return JSON.stringify([kind, subject, clientId, plan, scopes]);
}
