import { dirname, isAbsolute, join } from 'node:path';
import type { FileConfig } from './config.ts';
import type { EventSourceSettings } from './sections/events.ts';
import type { SubgraphAuthentication } from './sections/subgraph-authentication.ts';
import type { SubgraphTls } from './sections/tls.ts';

/** Resolves the paths in the config, which are relative to the config file, against the working directory. */
export function resolvePaths(config: FileConfig, configFile: string): FileConfig {
  const dir = dirname(configFile);
  const at = (path: string) => (isAbsolute(path) ? path : join(dir, path));
  const pem = (text: string) => (text.trimStart().startsWith('-----BEGIN ') ? text : at(text));
  const { api_keys, authentication, authorization, events, persisted_queries, plugins, tls, yoga } = config;
  const { jwt } = authentication.router;
  const { policies } = authorization;
  return {
    ...config,
    ...(api_keys && { api_keys: { ...api_keys, ...mapped(api_keys, 'file', at) } }),
    authentication: {
      ...authentication,
      ...(authentication.subgraph && { subgraph: signatures(authentication.subgraph, at) }),
      router: {
        ...authentication.router,
        jwt: { ...jwt, jwks: jwt.jwks.map((entry) => ({ ...entry, ...mapped(entry, 'file', at) })) },
      },
    },
    authorization: { ...authorization, policies: { ...policies, ...mapped(policies, 'module', at) } },
    events: Object.fromEntries(Object.entries(events).map(([name, one]) => [name, broker(one, at, pem)])),
    plugins: plugins.map((plugin) => ({ ...plugin, path: at(plugin.path) })),
    yoga: { ...yoga, plugins: yoga.plugins.map(at) },
    persisted_queries: { ...persisted_queries, manifest: persisted_queries.manifest.map(at) },
    tls: {
      ...tls,
      ...(tls.subgraph && {
        subgraph: {
          ...(tls.subgraph.all && { all: certificates(tls.subgraph.all, pem) }),
          subgraphs: Object.fromEntries(
            Object.entries(tls.subgraph.subgraphs).map(([name, settings]) => [name, certificates(settings, pem)]),
          ),
        },
      }),
      ...(tls.supergraph && {
        supergraph: {
          ...tls.supergraph,
          certificate: pem(tls.supergraph.certificate),
          key: pem(tls.supergraph.key),
          ...mapped(tls.supergraph, 'client_ca', pem),
        },
      }),
    },
  };
}

function signatures(section: SubgraphAuthentication, at: (path: string) => string): SubgraphAuthentication {
  const resolved = <T extends NonNullable<SubgraphAuthentication['all']>>(one: T): T => {
    const { http_message_signature: signature } = one;
    return signature ? { ...one, http_message_signature: { ...signature, ...mapped(signature, 'key_file', at) } } : one;
  };
  const subgraphs = Object.entries(section.subgraphs).map(([name, one]) => [name, resolved(one)] as const);
  return { ...(section.all && { all: resolved(section.all) }), subgraphs: Object.fromEntries(subgraphs) };
}

function broker(
  { nats, redis }: EventSourceSettings,
  at: (path: string) => string,
  pem: (text: string) => string,
): EventSourceSettings {
  const tls = ({ tls }: { readonly tls?: SubgraphTls | undefined }) => tls && { tls: certificates(tls, pem) };
  return {
    ...(nats && { nats: { ...nats, ...mapped(nats, 'credentials_file', at), ...tls(nats) } }),
    ...(redis && { redis: { ...redis, ...tls(redis) } }),
  };
}

function certificates(settings: SubgraphTls, pem: (text: string) => string): SubgraphTls {
  const { client_authentication: own } = settings;
  return {
    ...mapped(settings, 'certificate_authorities', pem),
    ...(own && { client_authentication: { certificate_chain: pem(own.certificate_chain), key: pem(own.key) } }),
  };
}

/** Returns the member with a changed value, or nothing if the object does not have it. */
function mapped<K extends string>(
  object: { readonly [key in K]?: string | undefined },
  key: K,
  change: (value: string) => string,
): { [key in K]?: string } {
  const value = object[key];
  return value === undefined ? {} : ({ [key]: change(value) } as { [key in K]: string });
}
