import { parse } from 'graphql';
import { clientHeadersOf } from '../connectors/client-headers.ts';
import { expandWherePossible } from '../connectors/expand-variables.ts';
import { readConnectors } from '../connectors/read-connectors.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';

const READ = new WeakMap<Supergraph, (name: string) => boolean>();

/** Whether some connector of a supergraph reads this header of the client's. Looked into once for each supergraph. */
export function connectorsRead(supergraph: Supergraph): (name: string) => boolean {
  let reads = READ.get(supergraph);
  if (reads === undefined) {
    const sets = supergraph.subgraphs.flatMap(({ inProcess }) =>
      inProcess?.kind === 'rest'
        ? [clientHeadersOf(readConnectors(parse(inProcess.sdl), expandWherePossible({})))]
        : [],
    );
    const any = sets.includes(undefined);
    reads = (name) => any || sets.some((names) => names?.has(name));
    READ.set(supergraph, reads);
  }
  return reads;
}
