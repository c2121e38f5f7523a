import { hash } from 'node:crypto';
import { sharedKey, viewerKey } from '../../client/dependency-keys.ts';
import { type DependsOn, identifiesClient, type Requester } from '../../client/depends-on.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { CachePolicy } from './policy.ts';

/** Returns whether a response may be shown to other viewers. */
export function isShared(policy: CachePolicy, viewer: Requester, dependsOn: DependsOn): boolean {
  if (dependsOn.isGuarded || dependsOn.isUndeclared || policy.scope === 'private') return false;
  return policy.scope === 'public' || !identifiesClient(viewer, dependsOn);
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
 * Returns the request properties, beside the parameters, that a response depends on. A response that is not shared depends on the
 * viewer's identity, too.
 * @param named headers that the endpoint itself names
 */
export function dependencyKey(
  shared: boolean,
  viewer: Requester,
  dependsOn: DependsOn,
  named: readonly string[],
): string {
  return shared ? sharedKey(viewer, dependsOn, named) : viewerKey(viewer, dependsOn);
}
