import type { Config } from '../config/config.ts';
import type { AnswerLife } from '../engine/answer-life.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderReaders } from './header-readers.ts';

/** What an answer's headers tell caches: `cache-control`, and `vary` where it may be kept. */
export type CacheHeaders = (life: AnswerLife, exchange: Exchange) => Readonly<Record<string, string>>;

const NO_STORE = { 'cache-control': 'no-store' };

type Readers = Pick<HeaderReaders, 'readNames' | 'tellsAddress'>;
type Settings = Pick<Config, 'authentication' | 'api_keys'>;

/**
 * Writes how long answers hold. What nobody declared to be the same for everyone is public for clients who say nothing of who
 * they are, and private for all others (RFC 9111, section 3.5).
 */
export function cacheHeaders({ readNames, tellsAddress }: Readers, settings: Settings): CacheHeaders {
  const credentials = credentialHeaders(settings);
  return (life, exchange) => {
    const seconds = Math.floor(life.maxAgeMs / 1_000);
    // a cookie is for the one client that asked
    if (seconds < 1 || exchange.res.hasHeader('set-cookie')) return NO_STORE;
    const read = readNames();
    const isPrivate =
      life.scope === 'private' ||
      (life.scope === 'unsaid' && (read === undefined || tellsAddress || saysWho(exchange, credentials)));
    const told = (read ?? []).filter((name) => life.scope !== 'public' || !credentials.has(name));
    const vary = new Set(['accept', ...told, ...(life.scope === 'public' ? [] : credentials)]);
    return {
      'cache-control': `${isPrivate ? 'private' : 'public'}, max-age=${seconds}`,
      vary: [...vary].join(', '),
    };
  };
}

function saysWho({ client, req }: Exchange, credentials: ReadonlySet<string>): boolean {
  if (client.identity !== undefined) return true;
  for (const name of credentials) if (req.headers[name] !== undefined) return true;
  return false;
}

/** Names of the headers by which clients may say who they are. */
function credentialHeaders({ authentication, api_keys }: Settings): ReadonlySet<string> {
  const { header_name, sources } = authentication.router.jwt;
  const others = sources.flatMap((place) => (place.type === 'header' ? [place.name] : []));
  return new Set(['authorization', 'cookie', header_name, ...others, ...(api_keys ? [api_keys.header_name] : [])]);
}
