import type { Operation, OpField, OpSelection } from './operation.ts';

/** The place of a field in its operation. */
export interface FieldPlace {
  /** Counts the fields of the operation: 0, 1, 2… */
  readonly index: number;
  /** The field around it; `undefined` for root fields. */
  readonly parent: OpField | undefined;
  /** Response keys from the root. */
  readonly path: readonly string[];
}

/** Returns the places of all fields of an operation. */
export function fieldPlaces(operation: Operation): ReadonlyMap<OpField, FieldPlace> {
  const places = new Map<OpField, FieldPlace>();
  const visit = (selection: OpSelection, parent: OpField | undefined, base: readonly string[]): void => {
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') {
        visit(item.selection, parent, base);
        continue;
      }
      const path = [...base, item.responseKey];
      places.set(item, { index: places.size, parent, path });
      if (item.selection) visit(item.selection, item, path);
    }
  };
  visit(operation.selection, undefined, []);
  return places;
}
