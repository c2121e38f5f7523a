import { beforeAll, describe, expect, it } from 'vitest';
import { planner } from '../planner/plan.ts';
import { compareRandomWorlds, type Pair } from './compare-worlds.ts';
import { findOptimum } from './exhaustive.ts';

const RUNS = 80;
/** The same worlds every time. */
const SEED = 20_260_102;

describe('the exhaustive search', () => {
  const { stages, supergraph } = planner({
    products: 'type Query { top: [Product] } type Product @key(fields: "upc") { upc: ID! name: String price: Int }',
    stock: `
      type Query { rare: [Product] }
      type Product @key(fields: "upc") { upc: ID! price: Int @external ships: Int @requires(fields: "price") }`,
    words: 'type Product @key(fields: "upc") { upc: ID! text: String }',
  });
  const optimumOf = (query: string) => findOptimum(stages(query).operation.selection, supergraph, 8);

  it('asks nobody for nothing, and one subgraph for what it has', () => {
    expect(optimumOf('{ __typename }')).toEqual({ requests: 0, waves: 0 });
    expect(optimumOf('{ top { name price } }')).toEqual({ requests: 1, waves: 1 });
  });

  it('looks up by key what another subgraph has, one request for all places', () => {
    expect(optimumOf('{ top { text } }')).toEqual({ requests: 2, waves: 2 });
    expect(optimumOf('{ top { text } rare { text } }')).toEqual({ requests: 3, waves: 2 });
  });

  it('fetches inputs first', () => {
    expect(optimumOf('{ top { ships } }')).toEqual({ requests: 2, waves: 2 });
    expect(optimumOf('{ rare { ships } }')).toEqual({ requests: 3, waves: 3 });
  });

  it('gives up at the limit', () => {
    expect(findOptimum(stages('{ rare { ships } }').operation.selection, supergraph, 2)).toBeUndefined();
  });
});

describe('our plans over small random worlds', () => {
  let compared: Pair[] = [];
  beforeAll(() => {
    compared = compareRandomWorlds(SEED, RUNS);
  });
  const share = (excess: (one: Pair) => number, most: number) =>
    compared.filter((one) => excess(one) <= most).length / compared.length;
  const requests = ({ ours, best }: Pair) => ours.requests - best.requests;
  const waves = ({ ours, best }: Pair) => ours.waves - best.waves;

  it('are among the plans that the search knows, so that it is a yardstick for them', () => {
    expect(compared.length).toBeGreaterThan(3 * RUNS);
    expect(compared.filter(({ best }) => best.requests > 2).length).toBeGreaterThan(RUNS / 2);
    expect(Math.min(...compared.map(requests))).toBe(0);
    expect(Math.min(...compared.map(waves))).toBe(0);
  });

  it('take the fewest requests in 95 % of the cases, and one more in nearly all others', () => {
    expect(share(requests, 0)).toBeGreaterThanOrEqual(0.95);
    expect(share(requests, 1)).toBeGreaterThanOrEqual(0.995);
    expect(share(requests, 2)).toBe(1);
  });

  it('take the fewest waves in 99 % of the cases, and at most one more', () => {
    expect(share(waves, 0)).toBeGreaterThanOrEqual(0.99);
    expect(share(waves, 1)).toBe(1);
  });
});
