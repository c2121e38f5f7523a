import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../runs.ts';
import { FuzzCaseArbitrary } from './arbitrary.ts';
import { checkCase } from './property.ts';

const RUNS = runs(150);

/** The same worlds every time; `npm run fuzz` looks for others. */
const SEED = 20_260_101;

it('answers random queries over random federated worlds as one schema over the same data would', async () => {
  let composed = 0;
  const property = fc.asyncProperty(new FuzzCaseArbitrary(4), async (fuzzCase) => {
    const checked = await checkCase(fuzzCase);
    if (checked) composed++;
  });
  await fc.assert(property, { numRuns: RUNS, seed: SEED, includeErrorInReport: true });
  expect(composed).toBeGreaterThan(RUNS / 2);
}, 600_000);
