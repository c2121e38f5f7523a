import type { Problem } from '../../config/problem.ts';
import type { MatchedHints } from '../../operation/match-hints.ts';
import { checkTags, checkVary } from '../endpoints/check-names.ts';
import type { ClientSettings } from '../endpoints/client-file.ts';
import { directiveNamed, durationOf, settingsOf } from '../endpoints/directives.ts';
import type { EndpointFile } from '../endpoints/endpoint-file.ts';
import type { Parameter } from '../endpoints/parameters.ts';
import { problemAt } from '../endpoints/problem-at.ts';

/** For how long, and for whom, answers of an endpoint are kept. Times in milliseconds. */
export interface CachePolicy {
  /** In the gateway's own cache. */
  readonly freshMs: number;
  /** After that, how long it is still served while a new one is fetched. */
  readonly staleWhileRevalidateMs: number;
  /** After that, how long it is still served where a new one cannot be had. */
  readonly staleIfErrorMs: number;
  /**
   * `private`: each viewer has answers of their own. `public`: declared to be the same for everyone who may ask.
   * `unsaid`: nobody said; shared between requests without credentials, and only these.
   */
  readonly scope: 'public' | 'private' | 'unsaid';
  /** Whether it holds no longer than the sources of the answer say: the endpoint says nothing itself. */
  readonly respectsSources: boolean;
  /** Whether only some clients may call the endpoint. */
  readonly isGuarded: boolean;
  /** `Cache-Control` of an answer that others may share, and of one that they may not. */
  readonly sharedText: string;
  readonly privateText: string;
  /** Request headers that the answer depends on beyond the parameters, in lower case. */
  readonly vary: readonly string[];
  /** Names to purge by; `{variable}` stands for its value. */
  readonly tags: readonly string[];
}

interface Times {
  readonly maxAge?: number | undefined;
  readonly sMaxAge?: number | undefined;
  readonly staleWhileRevalidate?: number | undefined;
  readonly staleIfError?: number | undefined;
}

interface Said extends Times {
  readonly scope: 'public' | 'private' | undefined;
  readonly vary: readonly string[];
  readonly tags: readonly string[];
}

/**
 * The endpoint's own `cache:` goes first, then the hints of its fields, then `cache` in `client.yaml`.
 * @returns `undefined` where answers are not kept
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
  const said = ownSaid(own);
  if (file.method !== 'GET') {
    if (Object.keys(own).length === 0) return undefined;
    const message = `Answers of a ${file.method} endpoint cannot be kept.`;
    return [problemAt(file.file, directive, 'ENDPOINT_CACHE', message, 'Take "cache" away, or make it a GET.')];
  }
  const written = { file: file.file, directive };
  const wrong = [...checkVary(said.vary, written), ...checkTags(said.tags, parameters, written)];
  if (wrong.length > 0) return wrong;
  const times = timesFor(said, met, client);
  if (times === undefined) return undefined;
  const scope = said.scope ?? (met.privateField === undefined ? client.cache?.scope : 'private');
  const reason = whyPrivate(parameters, met);
  if (scope === 'public' && reason !== undefined) {
    const message = `Its cache is public, but ${reason}: what one viewer gets would be shown to others.`;
    return [
      problemAt(file.file, directive, 'ENDPOINT_CACHE', message, 'Write scope: PRIVATE, or leave that field out.'),
    ];
  }
  const kept = scope ?? (reason === undefined ? 'unsaid' : 'private');
  const vary = [...new Set([...(client.cache?.vary ?? []), ...said.vary])];
  return {
    freshMs: (kept === 'private' ? undefined : times.sMaxAge) ?? times.maxAge ?? 0,
    staleWhileRevalidateMs: times.staleWhileRevalidate ?? 0,
    staleIfErrorMs: times.staleIfError ?? 0,
    scope: kept,
    respectsSources: said.maxAge === undefined && said.sMaxAge === undefined,
    isGuarded: authRequired,
    sharedText: controlText('public', times),
    privateText: controlText('private', times),
    vary,
    tags: said.tags,
  };
}

function ownSaid(own: Readonly<Record<string, unknown>>): Said {
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

/** `undefined` where nothing is kept. */
function timesFor(said: Said, { maxAgeMs }: MatchedHints, { cache }: ClientSettings): Times | undefined {
  const byDefault: Times = {
    maxAge: cache?.max_age,
    sMaxAge: cache?.s_max_age,
    staleWhileRevalidate: cache?.stale_while_revalidate,
    staleIfError: cache?.stale_if_error,
  };
  const hinted = said.maxAge === undefined && said.sMaxAge === undefined && maxAgeMs !== undefined;
  const stale = {
    staleWhileRevalidate: said.staleWhileRevalidate ?? byDefault.staleWhileRevalidate,
    staleIfError: said.staleIfError ?? byDefault.staleIfError,
  };
  const times: Times = hinted
    ? { maxAge: maxAgeMs, ...stale }
    : said.maxAge === undefined && said.sMaxAge === undefined
      ? { ...byDefault, ...stale }
      : { maxAge: said.maxAge, sMaxAge: said.sMaxAge, ...stale };
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
