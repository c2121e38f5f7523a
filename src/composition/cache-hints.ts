import type { Problem } from '../config/problem.ts';
import { CACHE_CONTROL_DIRECTIVE, type CacheControlUse, cacheControlOf } from '../supergraph/cache-hints.ts';
import { SPEC } from './in-process-sources.ts';
import type { GatewayDirectiveUse, SourceDefinition } from './source-definition.ts';

const DEFINITIONS = `directive @${CACHE_CONTROL_DIRECTIVE}(coordinate: String!, maxAge: Int, scope: headgate__CacheControlScope, inheritMaxAge: Boolean) repeatable on SCHEMA

enum headgate__CacheControlScope {
  PUBLIC
  PRIVATE
}`;

/** Mistakes in uses of `@cacheControl`, each at its place. */
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
 * Adds to a supergraph SDL how long its fields hold. Where several sources say it of the same place, the strictest counts:
 * the shortest time, and private.
 */
export function withCacheControl(supergraphSdl: string, sources: readonly SourceDefinition[]): string {
  const met = new Map<string, CacheControlUse>();
  for (const source of sources)
    for (const { coordinate, args } of usesIn(source)) {
      const use = cacheControlOf(coordinate, args);
      const known = met.get(coordinate);
      met.set(coordinate, known ? stricter(known, use) : use);
    }
  if (met.size === 0) return supergraphSdl;
  const link = supergraphSdl.includes(SPEC) ? [] : [`  @link(url: "${SPEC}")`];
  const uses = [...met.values()].map(printUse);
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
  const said = [
    `coordinate: "${coordinate}"`,
    ...(maxAge === undefined ? [] : [`maxAge: ${maxAge}`]),
    ...(scope === undefined ? [] : [`scope: ${scope}`]),
    ...(inheritMaxAge ? ['inheritMaxAge: true'] : []),
  ];
  return `  @${CACHE_CONTROL_DIRECTIVE}(${said.join(', ')})`;
}
