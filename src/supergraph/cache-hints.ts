import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';
import { directiveUses } from './directives.ts';

/** A use of `@cacheControl` on a type or a field. */
export interface CacheControlUse {
  /** `Type` or `Type.field`. */
  readonly coordinate: string;
  /** How long the value may be cached, in seconds. */
  readonly maxAge: number | undefined;
  readonly scope: 'PUBLIC' | 'PRIVATE' | undefined;
  readonly inheritMaxAge: boolean;
}

/** The directive that carries `@cacheControl` of schema files in a supergraph. */
export const CACHE_CONTROL_DIRECTIVE = 'headgate__cacheControl';

/**
 * Reads the cache hints of a supergraph: `@cacheControl` on types and fields, as other composers leave it there, and
 * the hints that the schema extension carries. Invalid values are ignored.
 *
 * In: `extend schema @headgate__cacheControl(coordinate: "Query.product", maxAge: 60, scope: PUBLIC)`
 */
export function readCacheControl(document: DocumentNode): readonly CacheControlUse[] {
  const onNodes: CacheControlUse[] = [];
  const carried: CacheControlUse[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION) {
      for (const use of directiveUses(definition, CACHE_CONTROL_DIRECTIVE))
        if (typeof use.coordinate === 'string') carried.push(cacheControlOf(use.coordinate, use));
    } else if ('name' in definition && definition.name && definition.kind !== Kind.DIRECTIVE_DEFINITION) {
      const type = definition.name.value;
      onNodes.push(...usesOn(type, definition));
      if ('fields' in definition)
        for (const field of definition.fields ?? []) onNodes.push(...usesOn(`${type}.${field.name.value}`, field));
    }
  }
  return [...onNodes, ...carried];
}

interface WithDirectives {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

function usesOn(coordinate: string, node: object): CacheControlUse[] {
  const { directives } = node as WithDirectives;
  if (!directives?.some(({ name }) => name.value === 'cacheControl')) return [];
  return directiveUses({ directives }, 'cacheControl').map((use) => cacheControlOf(coordinate, use));
}

/** Returns the checked arguments of a use. */
export function cacheControlOf(coordinate: string, use: Readonly<Record<string, unknown>>): CacheControlUse {
  const { maxAge, scope, inheritMaxAge } = use;
  return {
    coordinate,
    maxAge: typeof maxAge === 'number' && maxAge >= 0 ? maxAge : undefined,
    scope: scope === 'PRIVATE' || scope === 'PUBLIC' ? scope : undefined,
    inheritMaxAge: inheritMaxAge === true,
  };
}
