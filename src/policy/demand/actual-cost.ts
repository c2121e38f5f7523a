import type { Operation, OpSelection } from '../../operation/operation.ts';
import { type Cost, costOf, sum } from './cost.ts';
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
  const inputs = new Map<OpSelection, Cost>();
  const costOfInputs = (selection: OpSelection): Cost => {
    const { items, parentType } = selection;
    const own = items.map((item) =>
      item.kind === 'field' ? argumentsCost(item.args, model.arguments(parentType, item.name), model) : 0,
    );
    return sum(own);
  };
  return (data, variables) => {
    const visit = (selection: OpSelection, object: Json): number => {
      if (!inputs.has(selection)) inputs.set(selection, costOfInputs(selection));
      let total = costOf(inputs.get(selection) ?? 0, variables);
      for (const item of selection.items) {
        if (item.kind === 'narrowing') {
          // which type it is cannot be seen where it was not asked for: then it is taken for one that has the fields
          if (isPossible(model, item.typeCondition, item.selection, object)) total += visit(item.selection, object);
          continue;
        }
        const weight = model.weight(selection.parentType, item.name);
        const below = item.selection;
        const count = (value: unknown): number => {
          if (value === null || value === undefined) return 0;
          if (Array.isArray(value)) return value.reduce((all: number, each) => all + count(each), 0);
          return weight + (below && typeof value === 'object' ? visit(below, value as Json) : 0);
        };
        if (!item.name.startsWith('__')) total += count(object[item.responseKey]);
      }
      return total;
    };
    const fields = typeof data === 'object' && data !== null ? visit(operation.selection, data as Json) : 0;
    return operationWeight(operation.kind) + fields;
  };
}

function isPossible(model: CostModel, type: string, { items }: OpSelection, object: Json): boolean {
  if (typeof object.__typename === 'string') return model.possible(type).has(object.__typename);
  return items.some((item) => item.kind === 'narrowing' || Object.hasOwn(object, item.responseKey));
}
