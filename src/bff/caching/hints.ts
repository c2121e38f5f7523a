import { type ConstDirectiveNode, Kind, parse, valueFromASTUntyped } from 'graphql';
import type { Supergraph } from '../../supergraph/supergraph.ts';

/** How long a field's value holds, and for whom. */
export interface CacheHint {
  readonly maxAgeMs?: number | undefined;
  readonly scope?: 'public' | 'private' | undefined;
  /** It holds as long as the object that it stands on. */
  readonly inherit?: boolean | undefined;
}

/** Hints by coordinate: `Product`, `Query.latestReviews`. */
export type CacheHints = ReadonlyMap<string, CacheHint>;

/**
 * `@cacheControl` as the supergraph bears it, which it does where a subgraph composes it with `@composeDirective`;
 * what the configuration says of the same place goes before it.
 * @see https://www.apollographql.com/docs/apollo-server/performance/caching
 */
export function readHints({ sdl }: Pick<Supergraph, 'sdl'>, configured: CacheHints): CacheHints {
  const hints = new Map<string, CacheHint>();
  if (sdl.includes('@cacheControl')) {
    for (const definition of parse(sdl, { noLocation: true }).definitions) {
      if (!('fields' in definition) || definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) continue;
      note(hints, definition.name.value, definition.directives);
      for (const field of definition.fields ?? [])
        note(hints, `${definition.name.value}.${field.name.value}`, field.directives as readonly ConstDirectiveNode[]);
    }
  }
  for (const [coordinate, hint] of configured) hints.set(coordinate, hint);
  return hints;
}

function note(
  hints: Map<string, CacheHint>,
  coordinate: string,
  directives: readonly ConstDirectiveNode[] | undefined,
): void {
  const use = directives?.find(({ name }) => name.value === 'cacheControl');
  if (use === undefined) return;
  const given = new Map(use.arguments?.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
  const maxAge = given.get('maxAge');
  const scope = given.get('scope');
  hints.set(coordinate, {
    maxAgeMs: typeof maxAge === 'number' ? maxAge * 1000 : undefined,
    scope: scope === 'PRIVATE' ? 'private' : scope === 'PUBLIC' ? 'public' : undefined,
    inherit: given.get('inheritMaxAge') === true,
  });
}
