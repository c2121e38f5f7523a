import { describe, expect, it } from 'vitest';
import { compilePlan } from '../../src/executor/compile.ts';
import type { ResponseObject } from '../../src/executor/objects.ts';
import { WriteContext } from '../../src/executor/write-context.ts';
import { PAUSE, WritePauses } from '../../src/executor/write-pauses.ts';
import { planner } from '../planner/plan.ts';

const SCHEMA = `type Query { shops: [Shop!] other: [Shop] grid: [[Int!]] }
  type Shop { id: ID! items: [Item] tags: [String!] }
  type Item { id: ID! price: Float sizes: [Int!] must: Int! }`;
const QUERY = `{ first: shops { id tags items { id sizes } } second: shops { items { price must id } }
  other { id items { sizes } tags } grid }`;

const { stages, supergraph } = planner({ shops: SCHEMA });
const { plan } = stages(QUERY);
const { projection } = compilePlan(plan, supergraph);

/** Writes with a pause at every so many checks, or with none. Returns the text, the violations and the number of pauses. */
function write(data: ResponseObject, everyChecks = Number.POSITIVE_INFINITY) {
  let checks = 0;
  const slices = { isOver: () => ++checks % everyChecks === 0, next: () => Promise.resolve() };
  const context = new WriteContext({ introspected: new Map(), pauses: new WritePauses(slices) });
  for (let pauses = 0; ; pauses++) {
    try {
      const text = projection.write(data, context);
      return { text, violations: context.violations, pauses };
    } catch (error) {
      if (error !== PAUSE) throw error;
      void context.pauses?.next();
    }
  }
}

/** Lists of so many items, in which every `nullEvery`th item lacks a value that it must have. */
function dataOf(count: number, nullEvery: number): ResponseObject {
  const list = <T>(length: number, item: (at: number) => T) => Array.from({ length }, (_, at) => item(at));
  const item = (at: number) => ({
    id: `i${at}`,
    price: at / 4,
    sizes: list(at % 70, (size) => size),
    must: at % nullEvery === 1 ? null : at,
  });
  const shop = (at: number) => ({
    id: `s${at}`,
    tags: list(count * 2, (tag) => `a tag of the shop, number ${tag}`),
    items: list(count, item),
  });
  const shops = list(20, shop);
  return {
    first: shops,
    // the same lists for another field
    second: shops,
    other: list(3, shop),
    grid: list(40, (row) => list(row, (cell) => cell)),
  };
}

describe('a result that is written with pauses is the one that is written at once', () => {
  it.each([
    ['without nulls', 60, Number.POSITIVE_INFINITY],
    ['with items that become null', 60, 7],
    ['with short lists only', 3, Number.POSITIVE_INFINITY],
  ])('%s', (_, count, nullEvery) => {
    const data = dataOf(count, nullEvery);
    const context = new WriteContext({ introspected: new Map() });
    const text = projection.write(data, context);
    expect(JSON.parse(text).first).toHaveLength(20);
    for (const everyChecks of [1, 2, 3, 5, 8, 13, 100]) {
      const paused = write(data, everyChecks);
      expect(paused.text).toBe(text);
      expect(paused.violations).toEqual(context.violations);
    }
    expect(write(data, 1).pauses).toBeGreaterThan(0);
    expect(write(data).pauses).toBe(0);
  });
});

it('each slice continues where the last one ended: nothing long is written twice', () => {
  const data = dataOf(60, Number.POSITIVE_INFINITY);
  let read = 0;
  const counted = {
    ...data,
    other: (data.other as ResponseObject[]).map((shop) => ({
      get id() {
        read += 1;
        return shop.id;
      },
      items: shop.items,
      tags: shop.tags,
    })),
  };
  const { pauses } = write(counted, 1);
  // each of the three objects is begun again after a pause within it, and no other is
  expect(pauses).toBeGreaterThan(100);
  expect(read).toBeLessThanOrEqual(pauses + 3);
});
