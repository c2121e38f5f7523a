import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DocumentNode, Kind, parse, Source, visit } from 'graphql';

/** Directives that speak to the gateway alone; a subgraph server neither defines nor needs them. */
const GATEWAY_DIRECTIVES = new Set(['subgraph', 'source', 'connect', 'service', 'merge', 'rateLimit']);

/**
 * Reads `schemas/NAME.graphql`, the file that the gateway composes, as the subgraph itself sees it: without the
 * gateway's own directives. Throws a `GraphQLError` with file and line on a syntax error.
 */
export function readSubgraphSdl(name: string): DocumentNode {
  const file = join(packageRoot(), 'schemas', `${name}.graphql`);
  return withoutGatewayDirectives(parse(new Source(readFileSync(file, 'utf8'), file)));
}

function withoutGatewayDirectives(document: DocumentNode): DocumentNode {
  return visit(document, {
    Directive: (node) => (GATEWAY_DIRECTIVES.has(node.name.value) ? null : undefined),
    [Kind.SCHEMA_EXTENSION]: {
      // `extend schema` with nothing left to say is a syntax error when printed.
      leave: (node) => (node.directives?.length || node.operationTypes?.length ? undefined : null),
    },
  });
}

/** The same folder whether this file runs as `subgraphs/server/sdl.ts` or as `dist/subgraphs/server/sdl.js`. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}
