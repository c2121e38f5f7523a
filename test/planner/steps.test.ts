import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/operation/normalise.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planInSteps } from '../../src/planner/planner.ts';
import { planner } from './plan.ts';

const { supergraph } = planner({
  shelves: `
    type Query { item(id: ID!): Item items: [Item!] }
    type Mutation { sell(id: ID!): Item }
    type Item @key(fields: "id") { id: ID! name: String parts: [Item!] }`,
  stock: 'type Mutation { count(id: ID!): Item } type Item @key(fields: "id") { id: ID! left: Int }',
});

/** How many steps it takes to plan an operation of so many aliases. */
function stepsFor(count: number, write: (n: number) => string, around = (fields: string) => `{ ${fields} }`): number {
  const document = parse(around(Array.from({ length: count }, (_, n) => write(n)).join(' ')));
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const steps = planInSteps(normalise(document, operation, supergraph, {}), new FieldIndex(supergraph));
  let taken = 0;
  while (!steps.next().done) taken += 1;
  return taken;
}

describe('planning in steps', () => {
  it.each([
    ['root fields', (n: number) => `a${n}: item(id: ${n}) { name left }`, undefined],
    ['fields of one object', (n: number) => `a${n}: parts { name left }`, (f: string) => `{ items { ${f} } }`],
    ['leaves', (n: number) => `a${n}: name`, (f: string) => `{ items { ${f} } }`],
    [
      'root fields of a mutation',
      (n: number) => `a${n}: ${n % 2 ? 'sell' : 'count'}(id: ${n}) { name }`,
      (f: string) => `mutation { ${f} }`,
    ],
  ])('takes as many more as there are more %s', (_, write, around) => {
    const [few, many] = [stepsFor(50, write, around), stepsFor(500, write, around)];
    // no field is placed together with many others in one step, and none takes more steps among more of them
    expect(few).toBeGreaterThanOrEqual(50);
    expect(many / few).toBeGreaterThan(9);
    expect(many / few).toBeLessThan(11);
  });
});
