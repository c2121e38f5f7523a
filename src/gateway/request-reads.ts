import { COMMON_CREDENTIALS, type Credentials, type Reads, reads, uniteReads } from '../client/depends-on.ts';
import type { Config } from '../config/config.ts';
import { headersOfLabels } from '../config/sections/override-labels.ts';
import type { EngineOptions } from '../pipeline/engine.ts';
import type { RequestHeaders } from '../policy/headers/request-headers.ts';
import type { RateLimits } from '../policy/rate-limits/rate-limits.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { connectorFacts } from './connector-facts.ts';
import { readsOfVariants } from './open-variants.ts';

type Settings = Pick<Config, 'override_labels' | 'authentication' | 'api_keys' | 'subgraphs'>;

/**
 * Returns what an engine's sources and labels read of client requests: the sources by header rules, connectors, variants and rate limits,
 * the labels by the headers that choose them.
 */
export function requestReads(
  rules: Pick<RequestHeaders, 'readsOf'>,
  limits: Pick<RateLimits, 'meterOf'>,
  { override_labels, authentication, api_keys, subgraphs: ownSettings }: Settings,
  supergraph: Supergraph,
): NonNullable<EngineOptions['requestReads']> {
  const { subgraphs } = connectorFacts(supergraph);
  const known = new Map<string, Reads>();
  return {
    credentials: credentialsBy(authentication, api_keys),
    ofLabels: (labels) => reads({ headers: headersOfLabels(override_labels, labels) }),
    ofSource(name) {
      let read = known.get(name);
      if (read === undefined) {
        const connected = subgraphs.get(name);
        const { variants } = (Object.hasOwn(ownSettings, name) && ownSettings[name]) || {};
        const meter = limits.meterOf(name);
        const limited = meter && reads({ meters: [meter] });
        const more = [connected, limited, variants && readsOfVariants(variants)].filter((one) => one !== undefined);
        read = more.length > 0 ? uniteReads([rules.readsOf(name), ...more]) : rules.readsOf(name);
        known.set(name, read);
      }
      return read;
    },
  };
}

function credentialsBy(authentication: Settings['authentication'], apiKeys: Settings['api_keys']): Credentials {
  const { router, cookie, client_certificate, require_authentication } = authentication;
  const { header_name, sources, ignore_other_prefixes } = router.jwt;
  const others = sources.flatMap((place) => (place.type === 'header' ? [place.name] : []));
  const named = [header_name, ...others, apiKeys?.header_name].filter((name) => name !== undefined);
  const isOnlyPlace = sources.length === 0 && cookie === undefined && !ignore_other_prefixes;
  return {
    headers: new Set([...COMMON_CREDENTIALS, ...named]),
    tokenHeader: isOnlyPlace ? header_name : undefined,
    apiKeyHeader: apiKeys?.header_name,
    certificates: client_certificate !== undefined,
    required: require_authentication,
  };
}
