import type { GraphQLFormattedError } from 'graphql';

const originals = new WeakMap<GraphQLFormattedError, GraphQLFormattedError>();

/** Remembers which error of a subgraph another one, with less in it, stands for. */
export function rememberOriginal(shown: GraphQLFormattedError, error: GraphQLFormattedError): void {
  originals.set(shown, originalOf(error));
}

/** Returns an error as its subgraph reported it: for decisions of the gateway, not for clients. */
export function originalOf(error: GraphQLFormattedError): GraphQLFormattedError {
  return originals.get(error) ?? error;
}
