import { parse } from 'graphql';
import type { ConnectorsConfig } from '../config/sections/connectors.ts';
import { clientHeadersOf } from '../connectors/client-headers.ts';
import { expandWherePossible } from '../connectors/expand-variables.ts';
import { readConnectors } from '../connectors/read-connectors.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

/** What a supergraph's connectors use: client headers, subgraphs and sources. */
interface ConnectorFacts {
  /** Returns whether some connector reads this client header. */
  reads(header: string): boolean;
  /** Names, in lower case, of the client headers that connectors read; `undefined` when they may read any. */
  readonly headers: readonly string[] | undefined;
  /** The subgraphs that have connectors. */
  readonly subgraphs: ReadonlySet<string>;
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
  const subgraphs = new Set<string>();
  const sources = new Set<string>();
  const headers: (ReadonlySet<string> | undefined)[] = [];
  for (const { name, inProcess } of supergraph.subgraphs) {
    if (inProcess?.kind !== 'rest') continue;
    const read = readConnectors(parse(inProcess.sdl), expandWherePossible({}));
    headers.push(clientHeadersOf(read));
    subgraphs.add(name);
    for (const source of read.sources.keys()) sources.add(`${name}.${source}`);
  }
  const any = headers.includes(undefined);
  return {
    subgraphs,
    sources,
    reads: (header) => any || headers.some((known) => known?.has(header)),
    headers: any ? undefined : [...new Set(headers.flatMap((known) => [...(known ?? [])]))],
  };
}

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
    return given.filter((name) => !known.has(name)).map((name) => ({ section, name, known: [...known] }));
  });
}
