import { COMMON_CREDENTIALS, type Credentials, type DependsOn } from '../client/depends-on.ts';
import { dedupeIgnoredHeaders } from '../client/sharing.ts';
import type { Config } from '../config/config.ts';
import type { RequestHeaders } from '../policy/headers/request-headers.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { connectorFacts } from './connector-facts.ts';
import type { Gateway } from './generations.ts';

type Settings = Pick<Config, 'override_labels' | 'authorization'> & Partial<CredentialSettings>;
type CredentialSettings = Pick<Config, 'authentication' | 'api_keys'>;

/** Returns what responses depend on by config and schema. Analyzes each schema once, because its connectors read headers, too. */
export function analyzeVary(
  rules: Pick<RequestHeaders, 'forwards' | 'forwardedNames' | 'forwardsAddress'>,
  gateway: Pick<Gateway, 'engine'>,
  { override_labels: { header, percent_header }, authorization, authentication, api_keys }: Settings,
): Required<DependsOn> {
  const { directives, policies } = authorization;
  const decides = directives.enabled && policies.module !== undefined;
  const credentials = credentialsBy(authentication, api_keys);
  const read = (supergraph: Supergraph | undefined) => {
    const forwards = (name: string) =>
      rules.forwards(name) || (supergraph !== undefined && connectorFacts(supergraph).reads(name));
    const chooses = (name: string) =>
      name === header || name === percent_header || (decides && name === 'user-agent') || credentials.headers.has(name);
    const chosenBy = [header, percent_header].filter((name) => name !== undefined);
    const connected = supergraph === undefined ? [] : connectorFacts(supergraph).headers;
    const names = rules.forwardedNames && connected && [...rules.forwardedNames, ...connected, ...chosenBy];
    return { supergraph, forwards, names, neutral: dedupeIgnoredHeaders((name) => chooses(name) || forwards(name)) };
  };
  let known = read(undefined);
  const current = () => {
    const supergraph = gateway.engine()?.supergraph;
    if (supergraph !== known.supergraph) known = read(supergraph);
    return known;
  };
  return {
    forwards: (name) => current().forwards(name),
    forwardsAddress: rules.forwardsAddress,
    decidesByAddress: decides,
    ignoredHeaders: () => current().neutral,
    readNames: () => current().names,
    credentials,
  };
}

function credentialsBy(
  authentication: CredentialSettings['authentication'] | undefined,
  apiKeys: CredentialSettings['api_keys'],
): Credentials {
  const { router, cookie, client_certificate, require_authentication = false } = authentication ?? {};
  const { header_name, sources = [], ignore_other_prefixes = false } = router?.jwt ?? {};
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
