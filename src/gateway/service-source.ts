import { expand } from '../config/expand.ts';
import type { ResponseObserver } from '../sources/source.ts';
import { createStitchedSource } from '../sources/stitched/stitched-source.ts';
import { renameSubscriptions, type Subscribe, type Subscriptions } from '../sources/stitched/subscribe-renamed.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { Layer } from '../traffic/stack.ts';

/**
 * Returns the URL of a subgraph. Expands environment variables in the URL of a plain GraphQL service, which the supergraph has as
 * its file has it. Throws an `Error` that names a variable which is not set.
 */
export function addressOf({ name, url, inProcess }: Subgraph): string {
  if (inProcess?.kind !== 'service') return url;
  const expanded = expand(url, process.env);
  if (expanded.ok) return expanded.text;
  throw new Error(`The URL of "${name}" is ${url}, but the environment variable ${expanded.variable} is not set.`);
}

/** Returns the layer that turns a plain GraphQL service into a subgraph; `undefined` for every other subgraph. */
export function stitchLayer(
  { name, inProcess }: Subgraph,
  timeoutMs: number,
  observer: ResponseObserver | undefined,
): Layer | undefined {
  if (inProcess?.kind !== 'service') return undefined;
  const { sdl } = inProcess;
  return (upstream) => createStitchedSource({ name, sdl, upstream, timeoutMs, observer });
}

/** Returns the subscriptions of a subgraph: for a plain GraphQL service, in its own names. */
export function stitchSubscriptions({ name, inProcess }: Subgraph, subscribe: Subscribe): Subscriptions {
  return inProcess?.kind === 'service' ? renameSubscriptions(name, inProcess.sdl, subscribe) : { subscribe };
}
