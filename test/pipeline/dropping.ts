import type { Operation, OpField, OpSelection } from '../../src/operation/operation.ts';
import type { DroppedField, OperationPolicy } from '../../src/pipeline/operation-policy.ts';

/** Every field of an operation, with the type on which it is selected: `User.name`. */
export function fieldsOf(operation: Operation): { field: OpField; coordinate: string }[] {
  const found: { field: OpField; coordinate: string }[] = [];
  const visit = ({ parentType, items }: OpSelection): void => {
    for (const item of items) {
      if (item.kind === 'field') found.push({ field: item, coordinate: `${parentType}.${item.name}` });
      if (item.selection) visit(item.selection);
    }
  };
  visit(operation.selection);
  return found;
}

/** A policy that drops these fields (`User.name`) from every operation that has them. */
export function drops(...coordinates: string[]): OperationPolicy {
  return {
    inspect(operation) {
      const drop: DroppedField[] = fieldsOf(operation)
        .filter(({ coordinate }) => coordinates.includes(coordinate))
        .map(({ field, coordinate }) => ({
          field,
          error: { message: `${coordinate} is not for you.`, extensions: { code: 'TEST' } },
        }));
      return drop.length === 0 ? undefined : { check: () => ({ drop }) };
    },
  };
}
