import { hash } from 'node:crypto';
import { type DependsOn, identifiesClient, type Requester, sharedKey, viewerKey } from '../../client/depends-on.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { CachePolicy } from './policy.ts';

/** Returns whether a response may be shown to other viewers. */
export function isShared(policy: CachePolicy, viewer: Requester, dependsOn: DependsOn | undefined): boolean {
  return policy.scope === 'public' || (policy.scope === 'unspecified' && !identifiesClient(viewer, dependsOn));
}

/**
 * Returns the cache key of a request. Requests with the same key may get the same response.
 * @param endpoint id of the endpoint, with the digest of its folder and the schema
 * @param dependencies the `dependencyKey` of the request
 */
export function cacheKey(endpoint: string, variables: Readonly<Record<string, unknown>>, dependencies: string): string {
  return hash('sha256', `${endpoint}\n${stringifyJson(variables)}\n${dependencies}`, 'base64url');
}

/**
 * Returns the request properties, beside the parameters, that a response depends on. For a private response these are all
 * properties that can distinguish viewers: their identity and the headers that may depend on it.
 */
export function dependencyKey(policy: CachePolicy, viewer: Requester, dependsOn: DependsOn | undefined): string {
  const shared = sharedKey(viewer, dependsOn, policy.vary);
  // some headers, such as `User-Agent`, only count where `vary` names them or a rule forwards them
  return isShared(policy, viewer, dependsOn) ? shared : `${viewerKey(viewer, dependsOn)}\n${shared}`;
}
