import { neutralHeaders } from '../client/sharing.ts';
import type { Config } from '../config/config.ts';
import type { RequestHeaders } from '../policy/headers/request-headers.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { connectorFacts } from './connector-facts.ts';
import type { Gateway } from './gateway.ts';

/** Who reads what of a client's headers, so that two clients who differ in it may be answered differently. */
export interface HeaderReaders {
  /** Whether some source gets this header of the client's. */
  forwards(name: string): boolean;
  /** Whether some source is told the client's address. */
  readonly tellsAddress: boolean;
  /** Whether a module decides by the client's address what it may read. */
  readonly judgesAddress: boolean;
  /** Headers that requests with the same answer need not agree in. */
  neutral(): ReadonlySet<string>;
  /** The names of all headers that somebody reads on the way to an answer; `undefined` where it may be any. */
  readNames(): readonly string[] | undefined;
}

type Settings = Pick<Config, 'override_labels' | 'authorization'>;

/** Looked into once for each schema: its connectors read headers, too. */
export function headerReaders(
  rules: Pick<RequestHeaders, 'forwards' | 'forwardedNames' | 'tellsAddress'>,
  gateway: Pick<Gateway, 'engine'>,
  { override_labels: { header, percent_by }, authorization }: Settings,
): HeaderReaders {
  const { directives, policies } = authorization;
  const judges = directives.enabled && policies.module !== undefined;
  const read = (supergraph: Supergraph | undefined) => {
    const forwards = (name: string) =>
      rules.forwards(name) || (supergraph !== undefined && connectorFacts(supergraph).reads(name));
    const chooses = (name: string) => name === header || name === percent_by || (judges && name === 'user-agent');
    const chosenBy = [header, percent_by].filter((name) => name !== undefined);
    const connected = supergraph === undefined ? [] : connectorFacts(supergraph).headers;
    const names = rules.forwardedNames && connected && [...rules.forwardedNames, ...connected, ...chosenBy];
    return { supergraph, forwards, names, neutral: neutralHeaders((name) => chooses(name) || forwards(name)) };
  };
  let known = read(undefined);
  const current = () => {
    const supergraph = gateway.engine()?.supergraph;
    if (supergraph !== known.supergraph) known = read(supergraph);
    return known;
  };
  return {
    forwards: (name) => current().forwards(name),
    tellsAddress: rules.tellsAddress,
    judgesAddress: judges,
    neutral: () => current().neutral,
    readNames: () => current().names,
  };
}
