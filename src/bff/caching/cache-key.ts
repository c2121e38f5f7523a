import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../../client/identity.ts';
import { headersKey } from '../../client/sharing.ts';
import type { CachePolicy } from './policy.ts';

export interface Viewer {
  readonly identity: Identity | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Whether the request says who is asking. What is not known to be the same for everybody is then kept for this viewer alone. */
function hasCredentials({ identity, headers }: Viewer): boolean {
  return identity !== undefined || headers.authorization !== undefined || headers.cookie !== undefined;
}

/** Whether others may be shown what this viewer gets. */
export function isShared(policy: CachePolicy, viewer: Viewer): boolean {
  return policy.scope === 'public' || (policy.scope === 'unsaid' && !hasCredentials(viewer));
}

/**
 * Equal for two requests that may have the same answer. One that is not shared has everything in its key that could tell
 * viewers apart: who they are, and all their headers but those that say nothing of it.
 * @param forwarded headers that sources get, so that answers may depend on them
 * @param endpoint names the endpoint, its document and the schema
 */
export function cacheKey(
  endpoint: string,
  variables: Readonly<Record<string, unknown>>,
  policy: CachePolicy,
  viewer: Viewer,
  forwarded: readonly string[],
): string {
  const { headers } = viewer;
  let key = `${endpoint}\n${JSON.stringify(variables)}\n`;
  if (isShared(policy, viewer)) {
    for (const name of policy.vary) key += `${name}:${headers[name] ?? ''}\n`;
    for (const name of forwarded) if (!CREDENTIALS.has(name)) key += `${name}:${headers[name] ?? ''}\n`;
    return hash('sha256', key, 'base64url');
  }
  return hash('sha256', `${key}\n${identityKey(viewer.identity)}\n${headersKey(headers)}`, 'base64url');
}

/** What is shared with everybody does not depend on who asks, whether or not sources are told. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie']);

/** Tells credentials apart that do not stand in headers: client certificates. */
export function identityKey(identity: Identity | undefined): string {
  if (identity === undefined) return '';
  const { kind, subject, clientId, plan, scopes } = identity;
  return JSON.stringify([kind, subject, clientId, plan, scopes]);
}
