import { hash } from 'node:crypto';
import { type DependsOn, identifiesClient, type Requester, sharedKey, viewerKey } from '../../client/depends-on.ts';
import { stringifyJson } from '../../shared/exact-json.ts';
import type { CachePolicy } from './policy.ts';

/** Whether others may be shown what this viewer gets. */
export function isShared(policy: CachePolicy, viewer: Requester, dependsOn: DependsOn | undefined): boolean {
  return policy.scope === 'public' || (policy.scope === 'unsaid' && !identifiesClient(viewer, dependsOn));
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
export function dependence(policy: CachePolicy, viewer: Requester, dependsOn: DependsOn | undefined): string {
  const shared = sharedKey(viewer, dependsOn, policy.vary);
  // of a viewer's own headers not all count by themselves: `User-Agent` does where it is named, or read on the way
  return isShared(policy, viewer, dependsOn) ? shared : `${viewerKey(viewer, dependsOn)}\n${shared}`;
}
