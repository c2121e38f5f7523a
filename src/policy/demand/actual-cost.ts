import type { Operation, OpField, OpSelection } from '../../operation/operation.ts';
import { type Cost, costOf } from './cost.ts';
import type { CostModel } from './cost-model.ts';
import { operationWeight } from './estimate.ts';
import { argumentsCost } from './input-cost.ts';

type Json = Record<string, unknown>;

/**
 * Computes the actual cost of a result, from the lengths of its lists. Null costs nothing.
 * @returns a function from the data and variables of one result to its cost
 */
export function actualCost(
  operation: Operation,
  model: CostModel,
): (data: unknown, variables: Readonly<Record<string, unknown>>) => number {
  const inputs = new Map<OpField, Cost>();
  const inputsOf = (field: OpField, parentType: string): Cost => {
    const known = inputs.get(field) ?? argumentsCost(field.args, model.arguments(parentType, field.name), model);
    inputs.set(field, known);
    return known;
  };
  return (data, variables) => {
    const field = (item: OpField, parentType: string, value: unknown): number => {
      let [objects, below] = [0, 0];
      const count = (each: unknown): void => {
        if (each === null || each === undefined) return;
        if (Array.isArray(each)) return each.forEach(count);
        objects++;
        if (item.selection && typeof each === 'object') below += visit(item.selection, each as Json);
      };
      count(value);
      const self = objects * model.weight(parentType, item.name) + costOf(inputsOf(item, parentType), variables);
      // a negative cost does not reduce the cost of other fields
      return Math.max(0, self) + below;
    };
    const visit = ({ items, parentType }: OpSelection, object: Json): number => {
      let total = 0;
      for (const item of items) {
        if (item.kind === 'field') {
          if (!item.name.startsWith('__')) total += field(item, parentType, object[item.responseKey]);
          // without `__typename`, an object counts as any type that has its fields
        } else if (isPossible(model, item.typeCondition, item.selection, object))
          total += visit(item.selection, object);
      }
      return total;
    };
    const fields = typeof data === 'object' && data !== null ? visit(operation.selection, data as Json) : 0;
    return operationWeight(operation.kind) + fields;
  };
}

function isPossible(model: CostModel, type: string, { items }: OpSelection, object: Json): boolean {
  if (typeof object.__typename === 'string') return model.possible(type).has(object.__typename);
  return items.some((item) => item.kind === 'typeCondition' || Object.hasOwn(object, item.responseKey));
}
