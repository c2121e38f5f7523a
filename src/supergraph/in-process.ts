import { type DocumentNode, Kind } from 'graphql';
import { directiveUses, text } from './directives.ts';

/** The kind of a source that the gateway resolves itself, and the SDL of its schema file. */
export interface InProcessSource {
  readonly kind: 'rest' | 'service';
  readonly sdl: string;
}

const KINDS: Readonly<Record<string, InProcessSource['kind']>> = { REST: 'rest', SERVICE: 'service' };

/** The directive that carries such sources in a supergraph. */
export const IN_PROCESS_DIRECTIVE = 'headgate__source';

/**
 * Returns the sources that the gateway resolves itself, by subgraph name.
 *
 * In: `extend schema @headgate__source(graph: "weather", kind: REST, sdl: "…")`
 */
export function readInProcessSources(document: DocumentNode): ReadonlyMap<string, InProcessSource> {
  const sources = new Map<string, InProcessSource>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const use of directiveUses(definition, IN_PROCESS_DIRECTIVE)) {
      const [graph, kind, sdl] = [text(use.graph), KINDS[text(use.kind) ?? ''], text(use.sdl)];
      if (graph !== undefined && kind !== undefined && sdl !== undefined) sources.set(graph, { kind, sdl });
    }
  }
  return sources;
}
