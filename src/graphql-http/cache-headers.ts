import { audienceOf } from '../client/audience.ts';
import type { DependsOn } from '../client/depends-on.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { CachePolicy } from '../pipeline/cache-policy.ts';

/** Returns response headers for caches: `cache-control`, and `vary` when the response may be cached. */
export type CacheHeaders = (cachePolicy: CachePolicy, context: RequestContext) => Readonly<Record<string, string>>;

const NO_STORE = { 'cache-control': 'no-store' };

/**
 * Creates a function that writes how long responses may be cached. Without a declared scope, a response is public for anonymous
 * clients, and private for all others (RFC 9111, section 3.5).
 */
export function cacheHeaders(dependsOn: DependsOn): CacheHeaders {
  return ({ maxAgeMs, scope }, { client, req, res }) => {
    const seconds = Math.floor(maxAgeMs / 1_000);
    // a cookie is only for the client that sent the request
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
