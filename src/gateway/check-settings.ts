import type { Config } from '../config/config.ts';
import { ConfigValueError } from '../config/config-value-error.ts';
import type { EventSourceSettings } from '../config/sections/events.ts';
import { type SubgraphAuthentication, signatureOf } from '../config/sections/subgraph-authentication.ts';
import { tlsOptions } from '../http/tls-options.ts';
import { ApiKeyFile } from '../policy/authentication/api-keys.ts';
import { openKeyFile } from '../policy/authentication/configure.ts';
import { checkCredentialPlaces } from '../policy/authentication/credentials.ts';
import { readManifests } from '../policy/persisted/manifests.ts';
import { signingKey } from '../sources/http/signing/signing-key.ts';
import { TlsFiles } from '../sources/http/subgraph-tls.ts';
import { createLogger } from '../telemetry/logger.ts';
import { collectorTls } from './collector-tls.ts';
import { ConnectionCertificates } from './connection-certificates.ts';
import { compileHeaderRules } from './header-rules.ts';
import { loadPlugins } from './load-plugins.ts';
import { checkPriority } from './open-admission.ts';
import { loadPolicyModule } from './policy-module.ts';
import { loadYogaPlugins } from './yoga-plugins.ts';

const SILENT = createLogger({ level: 'silent' });

/** Returns a message for each setting of a well-formed config that would prevent the gateway from starting. */
export async function checkSettings(config: Config): Promise<string[]> {
  const { headers, tls, api_keys, authentication, authorization, persisted_queries, events, telemetry } = config;
  const { module } = authorization.policies;
  const takesTokens = authentication.router.jwt.jwks.length + config.introspection_endpoints.length > 0;
  const uses: (() => unknown)[] = [
    () => compileHeaderRules(headers),
    () => tls.supergraph && tlsOptions(tls.supergraph),
    ...subgraphTlsChecks(tls),
    ...signingKeyChecks(authentication.subgraph),
    () => api_keys?.file && new ApiKeyFile(api_keys.file),
    () => takesTokens && checkCredentialPlaces(authentication, api_keys),
    () => checkPriority(config),
    () => persisted_queries.enabled && readManifests(persisted_queries.manifest),
    () => module && loadPolicyModule(module),
    () => loadYogaPlugins(config.yoga.plugins),
    () => loadPlugins(config.plugins, SILENT),
    ...collectorChecks(telemetry),
    ...authentication.router.jwt.jwks.map((entry, index) => () => openKeyFile(entry, index)),
    ...Object.entries(events).flatMap(([name, source]) => brokerChecks(`events.${name}`, source)),
  ];
  const problems: string[] = [];
  for (const use of uses) {
    try {
      await use();
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}

/** The files of collectors are named by the environment. */
function collectorChecks({ exporters: { tracing, metrics } }: Config['telemetry']): (() => unknown)[] {
  const certificates = new ConnectionCertificates(SILENT);
  return [
    () => tracing.otlp.enabled && collectorTls(process.env, 'TRACES', certificates),
    () => metrics.otlp.enabled && collectorTls(process.env, 'METRICS', certificates),
  ];
}

function brokerChecks(key: string, { nats, redis }: EventSourceSettings): (() => unknown)[] {
  return [
    () => nats?.tls && new TlsFiles(`${key}.nats.tls`, nats.tls),
    () => redis?.tls && new TlsFiles(`${key}.redis.tls`, redis.tls),
    async () => nats && (await import('../sources/events/nats-credentials.ts')).natsCredentials(`${key}.nats`, nats),
  ];
}

function signingKeyChecks(section: SubgraphAuthentication | undefined): (() => unknown)[] {
  // no subgraph has an empty name, so that its settings are those of all
  const names = section === undefined ? [] : ['', ...Object.keys(section.subgraphs)];
  const keyed = names.flatMap((name) => signatureOf(section, name) ?? []);
  const byKey = new Map(keyed.map((one) => [one.key, one]));
  return [...byKey.values()].map((one) => () => signingKey(one));
}

function subgraphTlsChecks({ subgraph }: Config['tls']): (() => unknown)[] {
  const named = Object.entries(subgraph?.subgraphs ?? {}).map(([name, own]) => [`subgraphs.${name}`, own] as const);
  const all = subgraph?.all ? [['all', subgraph.all] as const] : [];
  return [...all, ...named].map(
    ([key, settings]) =>
      () =>
        new TlsFiles(`tls.subgraph.${key}`, settings),
  );
}
