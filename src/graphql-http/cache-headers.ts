import { audienceOf } from '../client/audience.ts';
import type { DependsOn } from '../client/depends-on.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { CachePolicy } from '../pipeline/cache-policy.ts';

/** What an answer's headers tell caches: `cache-control`, and `vary` where it may be kept. */
export type CacheHeaders = (cachePolicy: CachePolicy, context: RequestContext) => Readonly<Record<string, string>>;

const NO_STORE = { 'cache-control': 'no-store' };

/**
 * Writes how long answers hold. What nobody declared to be the same for everyone is public for clients who say nothing of who
 * they are, and private for all others (RFC 9111, section 3.5).
 */
export function cacheHeaders(dependsOn: DependsOn): CacheHeaders {
  return ({ maxAgeMs, scope }, { client, req, res }) => {
    const seconds = Math.floor(maxAgeMs / 1_000);
    // a cookie is for the one client that asked
    if (seconds < 1 || res.hasHeader('set-cookie')) return NO_STORE;
    const { isPrivate, vary } = audienceOf(
      { scope, vary: ['accept'] },
      { clientInfo: client, headers: req.headers },
      dependsOn,
    );
    return {
      'cache-control': `${isPrivate ? 'private' : 'public'}, max-age=${seconds}`,
      vary: vary.join(', '),
    };
  };
}
