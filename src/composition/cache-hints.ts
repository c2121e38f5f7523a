import type { Problem } from '../config/problem.ts';
import { CACHE_CONTROL_DIRECTIVE, type CacheControlUse, cacheControlOf } from '../supergraph/cache-hints.ts';
import { SPEC } from './in-process-sources.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

const DEFINITIONS = `directive @${CACHE_CONTROL_DIRECTIVE}(coordinate: String!, maxAge: Int, scope: headgate__CacheControlScope, inheritMaxAge: Boolean) repeatable on SCHEMA

enum headgate__CacheControlScope {
  PUBLIC
  PRIVATE
}`;

/** Returns the mistakes in uses of `@cacheControl`, each at its place. */
export function cacheControlProblems(sources: readonly SourceDefinition[]): Problem[] {
  return sources.flatMap((source) =>
    usesIn(source).flatMap(({ coordinate, args, line, column }): Problem[] => {
      if (typeof args.maxAge !== 'number' || args.maxAge >= 0) return [];
      const message = `@cacheControl on "${coordinate}": maxAge is ${args.maxAge}; expected seconds from 0.`;
      return [{ file: source.file, line, column, subgraph: source.name, code: 'INVALID_CACHE_CONTROL', message }];
    }),
  );
}

/**
 * Adds the cache hints of all sources to a supergraph SDL. Where several sources declare a hint for the same
 * coordinate, the strictest wins: the shortest time, and private.
 */
export function withCacheControl(supergraphSdl: string, sources: readonly SourceDefinition[]): string {
  const byCoordinate = new Map<string, CacheControlUse>();
  for (const source of sources)
    for (const { coordinate, args } of usesIn(source)) {
      const use = cacheControlOf(coordinate, args);
      const known = byCoordinate.get(coordinate);
      byCoordinate.set(coordinate, known ? stricter(known, use) : use);
    }
  if (byCoordinate.size === 0) return supergraphSdl;
  const link = supergraphSdl.includes(SPEC) ? [] : [`  @link(url: "${SPEC}")`];
  const uses = [...byCoordinate.values()].map(printUse);
  return `${supergraphSdl.trimEnd()}\n\n${DEFINITIONS}\n\n${['extend schema', ...link, ...uses].join('\n')}\n`;
}

function usesIn(source: SourceDefinition): readonly GatewayDirectiveUse[] {
  return source.gatewayDirectives.filter((use) => use.directive === 'cacheControl');
}

function stricter(a: CacheControlUse, b: CacheControlUse): CacheControlUse {
  const ages = [a.maxAge, b.maxAge].filter((age) => age !== undefined);
  return {
    coordinate: a.coordinate,
    maxAge: ages.length === 0 ? undefined : Math.min(...ages),
    scope: a.scope === 'PRIVATE' || b.scope === 'PRIVATE' ? 'PRIVATE' : (a.scope ?? b.scope),
    inheritMaxAge: a.inheritMaxAge && b.inheritMaxAge,
  };
}

function printUse({ coordinate, maxAge, scope, inheritMaxAge }: CacheControlUse): string {
  const args = [
    `coordinate: "${coordinate}"`,
    ...(maxAge === undefined ? [] : [`maxAge: ${maxAge}`]),
    ...(scope === undefined ? [] : [`scope: ${scope}`]),
    ...(inheritMaxAge ? ['inheritMaxAge: true'] : []),
  ];
  return `  @${CACHE_CONTROL_DIRECTIVE}(${args.join(', ')})`;
}
