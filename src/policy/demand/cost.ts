type Variables = Readonly<Record<string, unknown>>;

/** A number, or a function that computes it from the variables of a request. */
export type Cost = number | ((variables: Variables) => number);

export function costOf(cost: Cost, variables: Variables): number {
  return typeof cost === 'number' ? cost : cost(variables);
}

/** Keeps sums and products finite: infinity times 0 would be NaN, which compares with nothing. */
const LARGEST_COST = Number.MAX_VALUE;

/** Returns the sum of costs. Constant costs are added up now. */
export function sum(costs: readonly Cost[]): Cost {
  return fold(costs, 0, (a, b) => Math.min(a + b, LARGEST_COST));
}

/** Returns the largest cost, and at least 0. */
export function largest(costs: readonly Cost[]): Cost {
  return fold(costs, 0, Math.max);
}

export function product(a: Cost, b: Cost): Cost {
  if (a === 0 || b === 0) return 0;
  return fold([a, b], 1, (x, y) => Math.min(x * y, LARGEST_COST));
}

function fold(costs: readonly Cost[], start: number, combine: (a: number, b: number) => number): Cost {
  let known = start;
  const open: ((variables: Variables) => number)[] = [];
  for (const cost of costs) {
    if (typeof cost === 'number') known = combine(known, cost);
    else open.push(cost);
  }
  if (open.length === 0) return known;
  return (variables) => {
    let value = known;
    for (let i = 0; i < open.length; i++) value = combine(value, (open[i] as (v: Variables) => number)(variables));
    return value;
  };
}
