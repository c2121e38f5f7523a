import { audienceOf } from '../client/audience.ts';
import { ANYTHING, type DependsOn, NOTHING, withReads } from '../client/depends-on.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { CachePolicy } from '../pipeline/cache-policy.ts';

/** Returns response headers for caches: `cache-control`, and `vary` when the response may be cached. */
export type CacheHeaders = (
  cachePolicy: CachePolicy,
  context: RequestContext,
  dependsOn: DependsOn | undefined,
) => Readonly<Record<string, string>>;

const NO_STORE = { 'cache-control': 'no-store' };

/** The record of a result whose engine does not say what it depends on. */
const UNKNOWN = withReads(NOTHING, ANYTHING);

/**
 * Writes how long a response may be cached. Without a declared scope, a response is public for anonymous clients, and private for all
 * others (RFC 9111, section 3.5).
 */
export const cacheHeaders: CacheHeaders = ({ maxAgeMs, scope }, { client, req, res, reads }, dependsOn = UNKNOWN) => {
  const seconds = Math.floor(maxAgeMs / 1_000);
  // a cookie is only for the client that sent the request
  if (seconds < 1 || res.hasHeader('set-cookie')) return NO_STORE;
  const requester = { clientInfo: client, headers: req.headers };
  const { isPrivate, vary } = audienceOf({ scope, named: ['accept'] }, requester, withReads(dependsOn, reads));
  return {
    'cache-control': `${isPrivate ? 'private' : 'public'}, max-age=${seconds}`,
    vary: vary.join(', '),
  };
};
