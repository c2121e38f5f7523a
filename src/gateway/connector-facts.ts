import { parse } from 'graphql';
import type { ConnectorsConfig } from '../config/sections/connectors.ts';
import { clientHeadersOf } from '../connectors/client-headers.ts';
import { expandWherePossible } from '../connectors/expand-variables.ts';
import { readConnectors } from '../connectors/read-connectors.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

interface ConnectorFacts {
  /** Whether some connector reads this header of the client's. */
  reads(header: string): boolean;
  /** The names of all that they read, in lower case; `undefined` where it may be any. */
  readonly headers: readonly string[] | undefined;
  /** The subgraphs that have connectors, and their sources as `SUBGRAPH.SOURCE`. */
  readonly names: ReadonlySet<string>;
}

const FACTS = new WeakMap<Supergraph, ConnectorFacts>();

/** What the connectors of a supergraph say. Looked into once for each supergraph. */
export function connectorFacts(supergraph: Supergraph): ConnectorFacts {
  let facts = FACTS.get(supergraph);
  if (facts === undefined) {
    facts = readFacts(supergraph);
    FACTS.set(supergraph, facts);
  }
  return facts;
}

function readFacts({ subgraphs }: Supergraph): ConnectorFacts {
  const names = new Set<string>();
  const headers: (ReadonlySet<string> | undefined)[] = [];
  for (const { name, inProcess } of subgraphs) {
    if (inProcess?.kind !== 'rest') continue;
    const read = readConnectors(parse(inProcess.sdl), expandWherePossible({}));
    headers.push(clientHeadersOf(read));
    names.add(name);
    for (const source of read.sources.keys()) names.add(`${name}.${source}`);
  }
  const any = headers.includes(undefined);
  return {
    names,
    reads: (header) => any || headers.some((known) => known?.has(header)),
    headers: any ? undefined : [...new Set(headers.flatMap((known) => [...(known ?? [])]))],
  };
}

/** Keys of the config's `connectors` that mean nothing in this supergraph: an `override_url` among them would not be heeded. */
export function unknownConnectors(config: ConnectorsConfig, supergraph: Supergraph): string[] {
  const given = [...Object.keys(config.sources), ...Object.keys(config.subgraphs)];
  if (given.length === 0) return [];
  const { names } = connectorFacts(supergraph);
  return given.filter((name) => !names.has(name));
}
