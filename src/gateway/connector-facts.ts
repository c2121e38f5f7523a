import { parse } from 'graphql';
import { type Reads, reads } from '../client/depends-on.ts';
import type { ConnectorsConfig } from '../config/sections/connectors.ts';
import { clientHeadersOf } from '../connectors/client-headers.ts';
import { expandWherePossible } from '../connectors/expand-variables.ts';
import { readConnectors } from '../connectors/read-connectors.ts';
import { isCorrelation } from '../sources/rest/cache/headers-of-user.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** What a supergraph's connectors use: client headers, subgraphs and sources. */
interface ConnectorFacts {
  /** The subgraphs that have connectors, each with what these read of a client request. */
  readonly subgraphs: ReadonlyMap<string, Reads>;
  /** Their sources, as `SUBGRAPH.SOURCE`. */
  readonly sources: ReadonlySet<string>;
}

const FACTS = new WeakMap<Supergraph, ConnectorFacts>();

/** Returns facts about the connectors of a supergraph. Computes them once for each supergraph. */
export function connectorFacts(supergraph: Supergraph): ConnectorFacts {
  let facts = FACTS.get(supergraph);
  if (facts === undefined) {
    facts = readFacts(supergraph);
    FACTS.set(supergraph, facts);
  }
  return facts;
}

function readFacts(supergraph: Supergraph): ConnectorFacts {
  const subgraphs = new Map<string, Reads>();
  const sources = new Set<string>();
  for (const { name, inProcess } of supergraph.subgraphs) {
    if (inProcess?.kind !== 'rest') continue;
    const read = readConnectors(parse(inProcess.sdl), expandWherePossible({}));
    const headers = clientHeadersOf(read, isCorrelation);
    subgraphs.set(name, headers === undefined ? ANY_HEADER : reads({ headers }));
    for (const source of read.sources.keys()) sources.add(`${name}.${source}`);
  }
  return { subgraphs, sources };
}

const ANY_HEADER = reads({ patterns: [() => true] });

/** A key of the config's `connectors` with an unknown name. */
export interface UnknownConnectors {
  readonly section: 'sources' | 'subgraphs';
  readonly name: string;
  /** The valid names. */
  readonly known: readonly string[];
}

/** Finds keys of the config's `connectors` that this supergraph does not have: the gateway would ignore them. */
export function unknownConnectors(config: ConnectorsConfig, supergraph: Supergraph): UnknownConnectors[] {
  return (['sources', 'subgraphs'] as const).flatMap((section) => {
    const given = Object.keys(config[section]);
    if (given.length === 0) return [];
    const known = connectorFacts(supergraph)[section];
    return given.filter((name) => !known.has(name)).map((name) => ({ section, name, known: [...known.keys()] }));
  });
}
