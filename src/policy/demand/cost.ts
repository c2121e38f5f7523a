type Variables = Readonly<Record<string, unknown>>;

/** A number, or what becomes one with the variables of a request. */
export type Cost = number | ((variables: Variables) => number);

export function costOf(cost: Cost, variables: Variables): number {
  return typeof cost === 'number' ? cost : cost(variables);
}

/** Sums and products stay finite: infinity times 0 would be NaN, which no maximum is compared with. */
const DEAREST = Number.MAX_VALUE;

/** The sum; what is known already is added up now. */
export function sum(costs: readonly Cost[]): Cost {
  return fold(costs, 0, (a, b) => Math.min(a + b, DEAREST));
}

/** The largest, and at least 0. */
export function largest(costs: readonly Cost[]): Cost {
  return fold(costs, 0, Math.max);
}

export function product(a: Cost, b: Cost): Cost {
  // nothing, however often
  if (a === 0 || b === 0) return 0;
  return fold([a, b], 1, (x, y) => Math.min(x * y, DEAREST));
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
