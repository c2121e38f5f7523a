import { expand } from '../config/expand.ts';
import type { Source } from '../sources/source.ts';
import { createStitchedSource } from '../sources/stitched/stitched-source.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';

/**
 * Where a subgraph is reached. That of a plain GraphQL service stands in the supergraph as its file has it, variables not
 * expanded. Throws an `Error` that names a variable which is not set.
 */
export function addressOf({ name, url, inProcess }: Subgraph): string {
  if (inProcess?.kind !== 'service') return url;
  const expanded = expand(url, process.env);
  if (expanded.ok) return expanded.text;
  throw new Error(`The URL of "${name}" is ${url}, but the environment variable ${expanded.variable} is not set.`);
}

/** A plain GraphQL service answers as a subgraph by way of what reaches it; other subgraphs are what they are. */
export function asSubgraph({ name, inProcess }: Subgraph, reached: Source, timeoutMs: number): Source {
  return inProcess?.kind === 'service'
    ? createStitchedSource({ name, sdl: inProcess.sdl, upstream: reached, timeoutMs })
    : reached;
}
