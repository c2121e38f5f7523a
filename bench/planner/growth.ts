/**
 * Measures planning over generated supergraphs of 4, 40 and 400 subgraphs: `npm run bench:planning [-- --write]`.
 * `--write` puts the table into docs/planner-quality.md.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { parse } from 'graphql';
import { normalise } from '../../src/operation/normalise.ts';
import type { Operation } from '../../src/operation/operation.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { FieldIndex } from '../../src/planner/field-index.ts';
import { planInSteps, planOperation } from '../../src/planner/planner.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';
import { cannedSource } from './canned-source.ts';
import { writeSection } from './document.ts';
import { grownSupergraph, smallQuery, wideQuery } from './grown-supergraph.ts';
import { operationOf } from './ours.ts';

const SIZES = [4, 40, 400];
/** Subgraphs that the wide query touches, where there are so many. */
const WIDTH = 40;
const MEASURED = 300;
const WARM_UP = 200;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const lines = [
  '| subgraphs | query | requests | plan | longest step | whole request, cold |',
  '| --: | --- | --: | --: | --: | --: |',
];
for (const size of SIZES) {
  const supergraph = readSupergraph(grownSupergraph(size));
  const width = Math.min(size, WIDTH);
  lines.push(await measure(supergraph, 'touches 4', smallQuery));
  if (width > 4) lines.push(await measure(supergraph, `touches ${width}`, (alias) => wideQuery(alias, width)));
}
const table = `${lines.join('\n')}\n`;
console.log(table);
if (values.write) writeSection('growth', `${table}\nNode ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}.\n`);

async function measure(supergraph: Supergraph, title: string, queryFor: (alias: string) => string): Promise<string> {
  const { requests, milliseconds, longest } = measurePlanning(supergraph, queryFor);
  const whole = await measureRequests(supergraph, queryFor);
  const cells = [supergraph.subgraphs.length, title, requests, print(milliseconds), print(longest), print(whole)];
  return `| ${cells.join(' | ')} |`;
}

/** Medians over documents that were never planned before: of normalising and planning, and of the longest step of planning. */
function measurePlanning(supergraph: Supergraph, queryFor: (alias: string) => string) {
  const fieldIndex = new FieldIndex(supergraph);
  const times: number[] = [];
  const steps: number[] = [];
  let requests = 0;
  for (let index = 0; index < WARM_UP + MEASURED; index++) {
    const document = parse(queryFor(`p${index}`));
    const start = performance.now();
    const plan = planOperation(normalise(document, operationOf(document), supergraph, {}), fieldIndex);
    if (index >= WARM_UP) times.push(performance.now() - start);
    requests = plan.requests.length;
    const again = parse(queryFor(`s${index}`));
    const step = longestStep(normalise(again, operationOf(again), supergraph, {}), fieldIndex);
    if (index >= WARM_UP) steps.push(step);
  }
  return { requests, milliseconds: median(times), longest: median(steps) };
}

/** Milliseconds of the longest step of planning: nothing else has its turn before a step ends. */
function longestStep(operation: Operation, fieldIndex: FieldIndex): number {
  const steps = planInSteps(operation, fieldIndex);
  let longest = 0;
  for (let done: boolean | undefined = false; !done; ) {
    const start = performance.now();
    done = steps.next().done;
    longest = Math.max(longest, performance.now() - start);
  }
  return longest;
}

/** The median of answering documents never seen before, from text to text, without the time spent in the sources. */
async function measureRequests(supergraph: Supergraph, queryFor: (alias: string) => string): Promise<number> {
  const spent = { milliseconds: 0 };
  const sources = new Map(supergraph.subgraphs.map(({ name }) => [name, cannedSource(name, spent)]));
  const engine = createEngine({ supergraph, sources });
  const times: number[] = [];
  for (let index = 0; index < WARM_UP + MEASURED; index++) {
    const query = queryFor(`r${index}`);
    spent.milliseconds = 0;
    const start = performance.now();
    const { dataText, errors } = await engine.execute({ query, client: { requestId: `${index}`, headers: {} } });
    const time = performance.now() - start - spent.milliseconds;
    if (dataText === undefined || errors.length > 0) throw new Error(`no answer: ${JSON.stringify(errors)}`);
    if (index >= WARM_UP) times.push(time);
  }
  return median(times);
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function print(milliseconds: number): string {
  return `${milliseconds.toFixed(2)} ms`;
}
