import type { GraphQLFormattedError } from 'graphql';

/** The errors that were added to lists as distinct ones. Two lists may have the same error. */
export class DistinctErrors {
  private readonly added = new Map<readonly GraphQLFormattedError[], Set<string>>();

  /** Adds an error to a list, unless the list has an error of the same subgraph with the same text and path. */
  add(list: GraphQLFormattedError[], error: GraphQLFormattedError): void {
    const { message, path, extensions } = error;
    let known = this.added.get(list);
    if (known === undefined) {
      known = new Set();
      this.added.set(list, known);
    }
    const key = JSON.stringify([message, path, extensions?.code, extensions?.service]);
    if (known.has(key)) return;
    known.add(key);
    list.push(error);
  }
}
