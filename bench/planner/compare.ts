/**
 * Plans the same queries over the same supergraphs with our planner and with Hive Router's, and compares how many
 * subgraph requests and how many waves they take:
 *
 *     npm ci --prefix bench/planner
 *     npm run plan:compare -- [--worlds 200] [--seed 1] [--audit http://localhost:4300 --suites FOLDER] [--write] [--verbose]
 *
 * `--write` puts the tables into docs/planner-quality.md. `--audit` is a running server of the public audit, `--suites`
 * the folder whose subfolders are named as its supergraphs. Exits with 1 where a bound is broken.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { TheirPlanner } from './ask-theirs.ts';
import { auditCases, benchmarkCases, type CaseGroup, conformanceCases, demoCases, randomCases } from './cases.ts';
import { type Compared, compareGroup } from './compared.ts';
import { writeSection } from './document.ts';
import { findBreaches, isWorse, printTable, printWorse, printWorseForPeople } from './report.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    audit: { type: 'string' },
    suites: { type: 'string' },
    write: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const groups: CaseGroup[] = [
  ...benchmarkCases(seed, 100),
  ...(await demoCases(seed, 200)),
  ...conformanceCases(),
  ...(values.audit ? await auditCases(values.audit, readdirSync(values.suites ?? '.')) : []),
  ...randomCases(seed, Number(values.worlds), 4),
];
const compared: Compared[] = [];
const theirPlanner = new TheirPlanner();
for (const group of groups) compared.push(...compareGroup(group, await theirPlanner.plan(group)));
theirPlanner.close();
for (const worse of compared.filter(
  (one) => isWorse(one) || (values.verbose && one.outcome === 'theirs breaks a rule'),
))
  console.log(printWorse(worse, values.verbose));
const table = printTable(compared);
console.log(table);
if (values.write) writeSection('comparison', `${table}\n${printWorseForPeople(compared)}`);
const breaches = findBreaches(compared);
for (const breach of breaches) console.error(breach);
process.exitCode = breaches.length > 0 ? 1 : 0;
