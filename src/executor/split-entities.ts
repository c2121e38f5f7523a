import type { CompiledRequest } from './compile.ts';
import { forgetObjects, type GatheredEntities } from './gather-entities.ts';
import type { ResponseObject } from './objects.ts';

/** Returns how many entities a request looks up. */
export function countEntities(sent: readonly GatheredEntities[]): number {
  let count = 0;
  for (const gathered of sent) count += gathered.count;
  return count;
}

/**
 * Divides the entities of a request into parts of at most `max`, each for a request of its own: with 5 entities of one look-up,
 * 3 of another and `max` 4, the parts have 4 and 0, 1 and 3. In each part, the indices of its entities begin with 0, as they will in
 * its response.
 *
 * Every part has all look-ups, since {@link RequestDocuments.select} selects the document by those that are empty.
 */
function splitEntities(sent: readonly GatheredEntities[], max: number): GatheredEntities[][] {
  const total = countEntities(sent);
  const parts: GatheredEntities[][] = [];
  const texts = sent.map(representationsOf);
  for (let from = 0; from < total; from += max) {
    let before = 0;
    const part = sent.map((gathered, index) => {
      const first = Math.max(0, from - before);
      const end = Math.min(gathered.count, from + max - before);
      before += gathered.count;
      return sliceOf(gathered, texts[index] as string[], first, Math.max(first, end));
    });
    parts.push(part);
  }
  return parts;
}

/** Counts the responses that are still to come to requests that were split. */
export class OpenParts {
  private readonly left = new Map<CompiledRequest, number>();

  /** Splits a request, whose own lists of objects are cleared. */
  split(request: CompiledRequest, sent: readonly GatheredEntities[], max: number): GatheredEntities[][] {
    const parts = splitEntities(sent, max);
    forgetObjects(sent);
    this.left.set(request, parts.length);
    return parts;
  }

  /** Counts a response to a request. Returns whether others are to come; `false` for a request that was not split. */
  isOpenAfterResponse(request: CompiledRequest): boolean {
    const left = (this.left.get(request) ?? 1) - 1;
    this.left.set(request, left);
    return left > 0;
  }
}

/** Returns the text of each entity's representation. They are written again, so that requests that are not split need no list. */
export function representationsOf({ lookup, objects, slots, count }: GatheredEntities): string[] {
  const texts: string[] = new Array(count);
  for (let i = 0; i < objects.length; i++) {
    const slot = slots[i] as number;
    texts[slot] ??= lookup.representation.write(objects[i] as ResponseObject) as string;
  }
  return texts;
}

/** Returns the entities from the index `first` to the one before `end`, with their objects. */
function sliceOf(whole: GatheredEntities, texts: readonly string[], first: number, end: number): GatheredEntities {
  const objects: ResponseObject[] = [];
  const slots: number[] = [];
  const borders: number[] = [];
  for (let i = 0, target = 0; i < whole.objects.length; i++) {
    for (; target < whole.borders.length && (whole.borders[target] as number) <= i; target++)
      borders.push(objects.length);
    const slot = whole.slots[i] as number;
    if (slot < first || slot >= end) continue;
    objects.push(whole.objects[i] as ResponseObject);
    slots.push(slot - first);
  }
  while (borders.length < whole.borders.length) borders.push(objects.length);
  const count = end - first;
  const variables = count === 0 ? '' : selectedVariables(whole, texts, texts.slice(first, end));
  return { ...whole, objects, slots, borders, count, skipped: undefined, variables };
}

/** Returns the variables with a part of the representations: `"r0":[…],"context":7` */
export function selectedVariables(
  { variables }: GatheredEntities,
  texts: readonly string[],
  selected: readonly string[],
): string {
  const start = variables.indexOf('[') + 1;
  const length = texts.reduce((sum, text) => sum + text.length, texts.length - 1);
  return variables.slice(0, start) + selected.join() + variables.slice(start + length);
}
