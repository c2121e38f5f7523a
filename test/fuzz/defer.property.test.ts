import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../runs.ts';
import { FuzzCaseArbitrary } from './arbitrary.ts';
import { Chance } from './chance.ts';
import { checkDefer } from './defer.ts';

const RUNS = runs(150);

/** The same worlds every time. */
const SEED = 20_260_102;

/** The random decisions of one run, from its seed. */
function chanceOf(seed: number): Chance {
  const [random] = fc.sample(fc.noShrink(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))), {
    numRuns: 1,
    seed,
  });
  const next = () => random?.next().value as number;
  const nextInt = (min: number, max: number) => Math.min(max, min + Math.floor(next() * (max - min + 1)));
  return new Chance({ nextInt, nextDouble: next } as unknown as fc.Random);
}

it('sends fragments with @defer and items of lists with @stream in parts that make up the whole result', async () => {
  let streamed = 0;
  const property = fc.asyncProperty(new FuzzCaseArbitrary(4), fc.integer(), async (fuzzCase, seed) => {
    streamed += (await checkDefer(fuzzCase, chanceOf(seed)))?.streamed ?? 0;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED, includeErrorInReport: true });
  expect(streamed).toBeGreaterThan(RUNS / 2);
}, 600_000);
