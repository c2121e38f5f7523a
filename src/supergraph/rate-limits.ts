import { type DocumentNode, Kind } from 'graphql';
import { directiveUses, text } from './directives.ts';

/** A use of `@rateLimit` on a type or a field. */
export interface RateLimitUse {
  /** `Type` or `Type.field`. */
  readonly coordinate: string;
  readonly limit: number;
  /** A duration, such as `1m`. */
  readonly window: string;
  readonly burst: number | undefined;
  /**
   * The parts of the key that requests are counted by: `client`, `ip`, `user`, `claim:NAME`, `header:NAME`,
   * `arg:PATH`, `global`.
   */
  readonly by: readonly string[];
  readonly algorithm: string;
  readonly name: string | undefined;
}

/** The directive that carries the rate limits of schema files in a supergraph. */
export const RATE_LIMIT_DIRECTIVE = 'headgate__rateLimit';

/**
 * Reads the rate limits that a supergraph carries. Invalid ones are ignored.
 *
 * In: `extend schema @headgate__rateLimit(coordinate: "Query.search", limit: 10, window: "1m", by: ["client"],
 * algorithm: TOKEN_BUCKET)`
 */
export function readRateLimits(document: DocumentNode): readonly RateLimitUse[] {
  const limits: RateLimitUse[] = [];
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const use of directiveUses(definition, RATE_LIMIT_DIRECTIVE)) {
      const limit = rateLimitOf(use);
      if (limit !== undefined) limits.push(limit);
    }
  }
  return limits;
}

function rateLimitOf({ by, burst, ...use }: Record<string, unknown>): RateLimitUse | undefined {
  const [coordinate, window, algorithm] = [text(use.coordinate), text(use.window), text(use.algorithm)];
  if (coordinate === undefined || window === undefined || algorithm === undefined) return undefined;
  return {
    coordinate,
    limit: Number(use.limit),
    window,
    burst: burst === undefined || burst === null ? undefined : Number(burst),
    by: Array.isArray(by) ? by.map(String) : [],
    algorithm,
    name: text(use.name),
  };
}
