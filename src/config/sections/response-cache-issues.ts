import type { ApiKeySettings } from './api-keys.ts';
import type { AuthenticationSettings } from './authentication.ts';
import { type MetricsConfig, prometheusSettings } from './metrics.ts';
import { privateIdOf, type ResponseCacheSettings } from './response-cache.ts';

/** What the settings of the response cache depend on. */
interface Settings extends MetricsConfig {
  readonly response_cache: ResponseCacheSettings;
  readonly authentication: AuthenticationSettings;
  readonly api_keys?: ApiKeySettings | undefined;
  readonly introspection_endpoints: readonly unknown[];
  readonly login: Readonly<Record<string, unknown>>;
  readonly plugins: readonly unknown[];
  readonly coprocessor?: unknown;
  readonly yoga: { readonly plugins: readonly unknown[] };
  readonly bff: OwnCache & { readonly redis: boolean };
  readonly connectors: { readonly cache: OwnCache['cache'] & { readonly redis: boolean } };
}

/** A part of the gateway that had a cache of its own. */
interface OwnCache {
  readonly cache: { readonly max_bytes?: number | undefined };
}

/** A setting of the response cache that another setting contradicts. */
interface Issue {
  readonly path: string[];
  readonly message: string;
}

const SECTION = 'response_cache';

/** Returns the settings of the response cache that could not be honoured. */
export function responseCacheIssues(config: Settings): Issue[] {
  const { response_cache: cache } = config;
  if (!cache.enabled) return [];
  return [
    ...pathIssues(cache, config),
    ...tagHeaderIssues(cache, config),
    ...privateIdIssues(cache, config),
    ...memoryIssues(cache, config),
    ...apiIssues(cache, config),
  ];
}

/** Responses of REST APIs are where the values are that were made from them, since they are invalidated together. */
function apiIssues({ redis }: ResponseCacheSettings, { connectors }: Settings): Issue[] {
  if (!connectors.cache.redis || redis.enabled) return [];
  const message = `has no effect with \`${SECTION}.enabled: true\`, where responses of APIs are in the response cache; set \`${SECTION}.redis.enabled: true\` instead`;
  return [{ path: ['connectors', 'cache', 'redis'], message }];
}

/** Endpoints and REST APIs have no memory of their own where they use the response cache. */
function memoryIssues({ redis }: ResponseCacheSettings, { bff, connectors }: Settings): Issue[] {
  const message = `has no effect with \`${SECTION}.enabled: true\`, where all share one memory; set \`${SECTION}.max_bytes\` instead`;
  const ofEndpoints = bff.redis && !redis.enabled ? undefined : bff.cache.max_bytes;
  return [
    ...(ofEndpoints === undefined ? [] : [{ path: ['bff', 'cache', 'max_bytes'], message }]),
    ...(connectors.cache.max_bytes === undefined ? [] : [{ path: ['connectors', 'cache', 'max_bytes'], message }]),
  ];
}

function pathIssues({ invalidation: { path, shared_key: key } }: ResponseCacheSettings, config: Settings): Issue[] {
  if (key === undefined) return [];
  const metrics = prometheusSettings(config);
  const taken = [...(metrics.enabled ? [metrics.path] : []), '/bff/purge', '/admin'];
  if (!taken.includes(path) && !path.startsWith('/admin/')) return [];
  const message = `the admin listener serves something else at "${path}"; expected another path, such as "/invalidation"`;
  return [{ path: [SECTION, 'invalidation', 'path'], message }];
}

function tagHeaderIssues({ tag_header: header, responses }: ResponseCacheSettings, { yoga }: Settings): Issue[] {
  if (header === 'none' || (responses && yoga.plugins.length === 0)) return [];
  const cause = responses ? 'cannot be used together with `yoga.plugins`' : `needs \`${SECTION}.responses: true\``;
  return [
    {
      path: [SECTION, 'tag_header'],
      message: `"${header}" ${cause}: without whole responses, their tags are not collected`,
    },
  ];
}

const HEADER_NAME = /^[\w.-]+$/;

function privateIdIssues({ subgraph: { all, subgraphs } }: ResponseCacheSettings, config: Settings): Issue[] {
  const places: (readonly [string[], typeof all.private_id])[] = [
    [['all'], all.private_id],
    ...Object.entries(subgraphs)
      .map(([name, own]) => [['subgraphs', name], own.private_id] as const)
      .map(([place, id]): readonly [string[], string | undefined] => [[...place], id]),
  ];
  return places.flatMap(([place, id]) => {
    const message = id === undefined ? undefined : problemOfId(id, config);
    return message === undefined ? [] : [{ path: [SECTION, 'subgraph', ...place, 'private_id'], message }];
  });
}

function problemOfId(id: string, config: Settings): string | undefined {
  const { claim, header } = privateIdOf({ private_id: id }) ?? {};
  if (header !== undefined && !HEADER_NAME.test(header)) return `"${header}" is not a name of a header`;
  if (claim === undefined || hasClaims(config)) return undefined;
  return `"${id}" needs clients with claims, but nothing authenticates clients: see \`authentication\``;
}

/** Whether something may give clients claims. */
function hasClaims(config: Settings): boolean {
  const { authentication, api_keys: keys, introspection_endpoints: endpoints, login, plugins, coprocessor } = config;
  const verified = authentication.router.jwt.jwks.length + endpoints.length + Object.keys(login).length;
  const others = [keys, authentication.client_certificate, coprocessor].some((one) => one !== undefined);
  return verified + plugins.length > 0 || others;
}
