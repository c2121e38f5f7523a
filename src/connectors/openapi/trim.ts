import { type FieldModel, JSON_TYPE, type ObjectModel, objectsOf } from './model.ts';

/** Most fields that one selection may come to. */
const LARGEST = 300;

/**
 * Makes every type's selection finite and of a bearable length: a field that leads back to a type above it is JSON, as are
 * the largest fields of types that would come to more than 300 fields in all. The API's answer is whole there, too, only
 * without types.
 */
export function trimTypes(roots: Iterable<ObjectModel>): void {
  const sizes = new Map<ObjectModel, number>();
  const open = new Set<ObjectModel>();
  const sizeOf = (object: ObjectModel): number => {
    const known = sizes.get(object);
    if (known !== undefined) return known;
    open.add(object);
    const weights: { field: FieldModel; size: number }[] = [];
    for (const field of object.fields) {
      const inner = objectsOf(field.type);
      if (inner.some((candidate) => open.has(candidate))) field.type = JSON_TYPE;
      else weights.push({ field, size: inner.reduce((sum, candidate) => sum + sizeOf(candidate), 1) });
    }
    open.delete(object);
    const size = lighten(weights);
    sizes.set(object, size);
    return size;
  };
  for (const root of roots) sizeOf(root);
}

function lighten(weights: { field: FieldModel; size: number }[]): number {
  let total = weights.reduce((sum, { size }) => sum + size, 0);
  for (const { field, size } of weights.sort((a, b) => b.size - a.size)) {
    if (total <= LARGEST || size <= 1) break;
    field.type = JSON_TYPE;
    total -= size - 1;
  }
  return total;
}
