import type { GraphQLSchema } from 'graphql';

/** One subgraph of a supergraph: `id` is the join enum value (`PRODUCTS`), `name` the one people know (`products`). */
export interface Subgraph {
  readonly id: string;
  readonly name: string;
  readonly url: string;
}

export interface Supergraph {
  readonly sdl: string;
  readonly subgraphs: readonly Subgraph[];
  /** What clients see: validation and introspection use this. */
  readonly publicSchema: GraphQLSchema;
}

/** Reads a supergraph SDL (join v0.1 to v0.5). Throws `SupergraphError` with what is wrong and where. */
export declare function readSupergraph(sdl: string): Supergraph;
