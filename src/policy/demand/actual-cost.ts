import type { Operation, OpField, OpSelection } from '../../operation/operation.ts';
import { type Cost, costOf } from './cost.ts';
import type { CostModel } from './cost-model.ts';
import { operationWeight } from './estimate.ts';
import { argumentsCost } from './input-cost.ts';

type Json = Record<string, unknown>;

/**
 * What the answer of an operation did cost, by the lists that are in it. What is null has cost nothing.
 * @returns with the data of one answer and its variables, the cost
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
      // what is cheaper than nothing pays for nothing else
      return Math.max(0, self) + below;
    };
    const visit = ({ items, parentType }: OpSelection, object: Json): number => {
      let total = 0;
      for (const item of items) {
        if (item.kind === 'field') {
          if (!item.name.startsWith('__')) total += field(item, parentType, object[item.responseKey]);
          // which type it is cannot be seen where it was not asked for: then it is taken for one that has the fields
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
