import { type FieldModel, JSON_TYPE, type ObjectModel, objectsOf } from './model.ts';

/** Maximum number of fields in one selection. */
const MAX_SELECTED_FIELDS = 300;

/**
 * Limits the selection of every type. Recursive fields become JSON, and so do the largest fields of types with more than 300
 * nested fields. JSON fields still contain the API's complete value, but without types.
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
    const size = replaceLargest(weights);
    sizes.set(object, size);
    return size;
  };
  for (const root of roots) sizeOf(root);
}

function replaceLargest(weights: { field: FieldModel; size: number }[]): number {
  let total = weights.reduce((sum, { size }) => sum + size, 0);
  for (const { field, size } of weights.sort((a, b) => b.size - a.size)) {
    if (total <= MAX_SELECTED_FIELDS || size <= 1) break;
    field.type = JSON_TYPE;
    total -= size - 1;
  }
  return total;
}
