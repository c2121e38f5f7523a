/**
 * A long search for worlds that we answer wrongly: `npm run fuzz -- --minutes 10 [--seed 1] [--failures 5] [--out FOLDER]
 * [--without FEATURE]...`, where a feature is one that the statistics at the end name, such as `@provides`.
 * Each failure is shrunk and printed; with `--out` its world and query are also written as a fixture.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { type FuzzCase, FuzzCaseArbitrary } from './arbitrary.ts';
import { checkCase, Disagreement } from './property.ts';
import { countFeatures, featuresOf, printStatistics } from './statistics.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    out: { type: 'string' },
    failures: { type: 'string', default: '1' },
    without: { type: 'string', multiple: true, default: [] },
  },
});
const end = Date.now() + Number(values.minutes) * 60_000;
let seed = Number(values.seed ?? Date.now() % 1_000_000);
let failures = 0;
const totals = new Map<string, number>();

while (Date.now() < end && failures < Number(values.failures)) {
  const property = fc.asyncProperty(new FuzzCaseArbitrary(5), async (fuzzCase) => {
    fc.pre(values.without.every((feature) => !featuresOf(fuzzCase).has(feature)));
    const checked = await checkCase(fuzzCase);
    countFeatures(totals, fuzzCase, checked);
  });
  const details = await fc.check(property, {
    numRuns: 200,
    seed,
    interruptAfterTimeLimit: Math.max(1, end - Date.now()),
  });
  if (details.failed && details.counterexample) report(details.counterexample[0], details.errorInstance, seed);
  seed++;
}
printStatistics(totals);
process.exitCode = failures > 0 ? 1 : 0;

function report(counterexample: FuzzCase, error: unknown, failedSeed: number): void {
  failures++;
  console.log(`\n=== failure ${failures}, seed ${failedSeed} ===`);
  console.log(error instanceof Disagreement ? error.message : error);
  if (values.out === undefined) return;
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `seed-${failedSeed}.json`);
  writeFileSync(file, `${JSON.stringify(counterexample, null, 2)}\n`);
  console.log(`written to ${file}`);
}
