import type { CompiledLookup, WrittenKey } from './compile.ts';
import type { SubgraphPath } from './response-objects.ts';

/**
 * Returns the keys at which an error of a whole look-up is reported; the object itself where only its type was
 * selected.
 */
export function fieldKeys({ keys }: CompiledLookup): SubgraphPath[] {
  const paths = keys.flatMap(({ key }) => (key === '__typename' ? [] : [[key]]));
  return paths.length > 0 ? paths : [[]];
}

/** Returns the names of keys. */
export function keyNames(keys: readonly WrittenKey[]): ReadonlySet<string> {
  return new Set(keys.map(({ key }) => key));
}
