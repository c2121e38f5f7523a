import { type ArgumentNode, Kind, type ValueNode } from 'graphql';
import { type Cost, sum } from './cost.ts';
import type { CostlyInput, CostModel } from './cost-model.ts';

/** Returns the cost of a field's arguments: the weight of each value, with the members of input objects and the items of lists. */
export function argumentsCost(
  args: readonly ArgumentNode[],
  inputs: ReadonlyMap<string, CostlyInput>,
  model: CostModel,
): Cost {
  return sum(
    args.map(({ name, value }) => {
      const input = inputs.get(name.value);
      return input ? valueCost(value, input, model) : 0;
    }),
  );
}

function valueCost(value: ValueNode, input: CostlyInput, model: CostModel): Cost {
  switch (value.kind) {
    case Kind.NULL:
      return 0;
    case Kind.VARIABLE: {
      if (!canCost(input, model, new Set())) return 0;
      const { value: name } = value.name;
      return (variables) => jsonCost(variables[name], input, model);
    }
    case Kind.LIST:
      return sum(value.values.map((item) => valueCost(item, input, model)));
    case Kind.OBJECT: {
      const fields = model.fieldsOfInput(input.namedType);
      const below = value.fields.map((field) => {
        const inner = fields.get(field.name.value);
        return inner ? valueCost(field.value, inner, model) : 0;
      });
      return sum([input.weight, ...below]);
    }
    default:
      return input.weight;
  }
}

/** Whether a value of this input can cost anything. Most cannot, and their variables need no look. */
function canCost(input: CostlyInput, model: CostModel, seen: Set<string>): boolean {
  if (input.weight !== 0) return true;
  if (seen.has(input.namedType)) return false;
  seen.add(input.namedType);
  return [...model.fieldsOfInput(input.namedType).values()].some((inner) => canCost(inner, model, seen));
}

function jsonCost(value: unknown, input: CostlyInput, model: CostModel): number {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value)) return value.reduce((total: number, item) => total + jsonCost(item, input, model), 0);
  if (typeof value !== 'object') return input.weight;
  let total = input.weight;
  const fields = model.fieldsOfInput(input.namedType);
  for (const [name, inner] of Object.entries(value)) {
    const field = fields.get(name);
    if (field) total += jsonCost(inner, field, model);
  }
  return total;
}
