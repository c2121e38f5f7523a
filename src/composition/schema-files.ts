import { basename } from 'node:path';

const EXTENSION = /\.(?:graphqls?|gql)$/;

/** Returns whether a file of the schemas folder is the schema of a source. */
export function isSchemaFile(name: string): boolean {
  return EXTENSION.test(name) && !name.startsWith('.');
}

/** Returns the name of the subgraph: `schemas/shop/products.graphql` → `products`. */
export function subgraphNameOf(path: string): string {
  return basename(path).replace(EXTENSION, '');
}
