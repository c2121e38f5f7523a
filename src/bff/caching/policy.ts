import type { Problem } from '../../config/problem.ts';
import type { MatchedHints } from '../../operation/match-hints.ts';
import { checkTags, checkVary } from '../endpoints/check-names.ts';
import type { ClientSettings } from '../endpoints/client-file.ts';
import { directiveNamed, durationOf, settingsOf } from '../endpoints/directives.ts';
import type { EndpointFile } from '../endpoints/endpoint-file.ts';
import type { Parameter } from '../endpoints/parameters.ts';
import { problemAt } from '../endpoints/problem-at.ts';

/** How long, and for whom, responses of an endpoint are cached. Times are in milliseconds. */
export interface CachePolicy {
  /** How long a response is fresh in the gateway's cache. */
  readonly freshMs: number;
  /** How long after that a stale response is served while a new one is fetched. */
  readonly staleWhileRevalidateMs: number;
  /** How long after that a stale response is served where a new one cannot be fetched. */
  readonly staleIfErrorMs: number;
  /**
   * `private`: responses are cached per viewer. `public`: declared to be the same for everyone who may call the endpoint.
   * `unspecified`: not declared; only shared between requests without credentials.
   */
  readonly scope: 'public' | 'private' | 'unspecified';
  /** Whether the cache control of sources limits the times, because the endpoint declares none. */
  readonly respectsSources: boolean;
  /** Whether only some clients may call the endpoint. */
  readonly isGuarded: boolean;
  /** `Cache-Control` of a shared response, and of a private one. */
  readonly sharedText: string;
  readonly privateText: string;
  /** Request headers that the response depends on beside the parameters, in lower case. */
  readonly vary: readonly string[];
  /** Tags to purge by; `{variable}` is replaced with its value. */
  readonly tags: readonly string[];
}

interface Times {
  readonly maxAge?: number | undefined;
  readonly sMaxAge?: number | undefined;
  readonly staleWhileRevalidate?: number | undefined;
  readonly staleIfError?: number | undefined;
}

interface DeclaredCache extends Times {
  readonly scope: 'public' | 'private' | undefined;
  readonly vary: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Returns the cache policy of an endpoint. Its own `cache:` takes precedence, then the cache hints of its fields, then
 * `cache` in `client.yaml`.
 * @returns `undefined` where responses are not cached; problems where the settings are invalid
 */
export function cachePolicy(
  file: EndpointFile,
  parameters: readonly Parameter[],
  met: MatchedHints,
  client: ClientSettings,
  authRequired: boolean,
): CachePolicy | undefined | Problem[] {
  const directive = directiveNamed(file.operation, 'endpoint');
  const own = settingsOf(directive, 'cache');
  const declared = readDeclaredCache(own);
  const isSubscription = file.operation.operation === 'subscription';
  if (file.method !== 'GET' || isSubscription) {
    if (Object.keys(own).length === 0) return undefined;
    const message = `Responses of a ${isSubscription ? 'subscription' : `${file.method} endpoint`} cannot be cached.`;
    const hint = `Remove "cache"${isSubscription ? '' : ', or use GET'}.`;
    return [problemAt(file.file, directive, 'ENDPOINT_CACHE', message, hint)];
  }
  const written = { file: file.file, directive };
  const wrong = [...checkVary(declared.vary, written), ...checkTags(declared.tags, parameters, written)];
  if (wrong.length > 0) return wrong;
  const times = timesFor(declared, met, client);
  if (times === undefined) return undefined;
  const scope = declared.scope ?? (met.privateField === undefined ? client.cache?.scope : 'private');
  const reason = whyPrivate(parameters, met);
  if (scope === 'public' && reason !== undefined) {
    const message = `The cache of this endpoint is public, but ${reason}. The response of one viewer would be shown to others.`;
    return [
      problemAt(file.file, directive, 'ENDPOINT_CACHE', message, 'Write scope: PRIVATE, or leave that field out.'),
    ];
  }
  const effectiveScope = scope ?? (reason === undefined ? 'unspecified' : 'private');
  const vary = [...new Set([...(client.cache?.vary ?? []), ...declared.vary])];
  return {
    freshMs: (effectiveScope === 'private' ? undefined : times.sMaxAge) ?? times.maxAge ?? 0,
    staleWhileRevalidateMs: times.staleWhileRevalidate ?? 0,
    staleIfErrorMs: times.staleIfError ?? 0,
    scope: effectiveScope,
    respectsSources: declared.maxAge === undefined && declared.sMaxAge === undefined,
    isGuarded: authRequired,
    sharedText: controlText('public', times),
    privateText: controlText('private', times),
    vary,
    tags: declared.tags,
  };
}

function readDeclaredCache(own: Readonly<Record<string, unknown>>): DeclaredCache {
  return {
    maxAge: durationOf(own.maxAge),
    sMaxAge: durationOf(own.sMaxAge),
    staleWhileRevalidate: durationOf(own.staleWhileRevalidate),
    staleIfError: durationOf(own.staleIfError),
    scope: own.scope === 'PUBLIC' ? 'public' : own.scope === 'PRIVATE' ? 'private' : undefined,
    vary: texts(own.vary).map((name) => name.toLowerCase()),
    tags: texts(own.tags),
  };
}

function texts(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}

/** Returns `undefined` where responses are not cached. */
function timesFor(declared: DeclaredCache, { maxAgeMs }: MatchedHints, { cache }: ClientSettings): Times | undefined {
  const byDefault: Times = {
    maxAge: cache?.max_age,
    sMaxAge: cache?.s_max_age,
    staleWhileRevalidate: cache?.stale_while_revalidate,
    staleIfError: cache?.stale_if_error,
  };
  const hinted = declared.maxAge === undefined && declared.sMaxAge === undefined && maxAgeMs !== undefined;
  const stale = {
    staleWhileRevalidate: declared.staleWhileRevalidate ?? byDefault.staleWhileRevalidate,
    staleIfError: declared.staleIfError ?? byDefault.staleIfError,
  };
  const times: Times = hinted
    ? { maxAge: maxAgeMs, ...stale }
    : declared.maxAge === undefined && declared.sMaxAge === undefined
      ? { ...byDefault, ...stale }
      : { maxAge: declared.maxAge, sMaxAge: declared.sMaxAge, ...stale };
  return (times.maxAge ?? 0) > 0 || (times.sMaxAge ?? 0) > 0 ? times : undefined;
}

function whyPrivate(parameters: readonly Parameter[], met: MatchedHints): string | undefined {
  const claim = parameters.find((one) => one.in === 'claim');
  if (claim) return `$${claim.variable} is read from the viewer's credential`;
  if (met.privateField !== undefined) return `${met.privateField} is private`;
  if (met.guardedField !== undefined) return `not everyone may read ${met.guardedField}`;
  return undefined;
}

function controlText(scope: 'public' | 'private', times: Times): string {
  const parts = [scope, `max-age=${seconds(times.maxAge ?? 0)}`];
  if (scope === 'public' && times.sMaxAge !== undefined) parts.push(`s-maxage=${seconds(times.sMaxAge)}`);
  if (times.staleWhileRevalidate) parts.push(`stale-while-revalidate=${seconds(times.staleWhileRevalidate)}`);
  if (times.staleIfError) parts.push(`stale-if-error=${seconds(times.staleIfError)}`);
  return parts.join(', ');
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
