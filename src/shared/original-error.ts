import type { GraphQLFormattedError } from 'graphql';

const originals = new WeakMap<GraphQLFormattedError, GraphQLFormattedError>();

/** Stores the original of an error that was reduced for clients. */
export function rememberOriginal(shown: GraphQLFormattedError, error: GraphQLFormattedError): void {
  originals.set(shown, originalOf(error));
}

/** Returns an error as its subgraph reported it; for the gateway, not for clients. */
export function originalOf(error: GraphQLFormattedError): GraphQLFormattedError {
  return originals.get(error) ?? error;
}
