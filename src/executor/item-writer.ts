import type { ItemsPlace } from './fragment-places.ts';
import type { NullReasons } from './null-reasons.ts';
import type { ResponseObject } from './objects.ts';
import type { WriteContext } from './write-context.ts';

/**
 * Writes items of a streamed list, up to the first one that is null and must not be.
 * @param root the root object of the data
 */
export function writeItems(
  items: ItemsPlace,
  root: ResponseObject,
  nullReasons: NullReasons | undefined,
  context: WriteContext,
): string[] {
  const { place, from, to } = items;
  const texts: string[] = [];
  for (let i = from; i < to; i++) {
    const text = place.writeItem(place.items[i], context);
    if (text === undefined) break;
    texts.push(text);
  }
  if (context.violated) locate({ place, from, to: Math.min(to, from + texts.length + 1) }, root, nullReasons, context);
  return texts;
}

/** Writes items once more to find the paths of violations. */
function locate(
  { place, from, to }: ItemsPlace,
  root: ResponseObject,
  nullReasons: NullReasons | undefined,
  context: WriteContext,
): void {
  for (let i = from; i < to; i++) {
    context.path = [...place.path, i];
    if (nullReasons) context.coverage = nullReasons.coverageAt(root, [...place.subgraphPath, i]);
    place.writeItem(place.items[i], context);
  }
  context.path = undefined;
}
